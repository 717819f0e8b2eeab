<?php
/*
 * The address that a page asks for a token of tidings, as in
 *
 *     <tidings-bell token-url="/token.php"></tidings-bell>
 *
 * Whoever is logged in here gets {"token": ..., "expiresAt": ...}, others get 401. The
 * session is the one of your application: see the line that reads $_SESSION. PHP 8.1 or
 * later.
 *
 * Environment: TIDINGS_KEY_FILE is the key that tidings knows as key-file, a secret for
 * HS256; where it is one of keys-dir, TIDINGS_KEY_ID is its name there.
 * TIDINGS_TOKEN_SECONDS is how long a token lives (900).
 */
declare(strict_types=1);

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

function make_token(string $user, int $issued, int $expires): string
{
    $key = file_get_contents((string) getenv('TIDINGS_KEY_FILE'));
    if ($key === false) {
        throw new RuntimeException('TIDINGS_KEY_FILE cannot be read');
    }
    $key = preg_replace('/\n\z/', '', $key); // tidings leaves out one newline, too
    $header = ['alg' => 'HS256', 'typ' => 'JWT'];
    if (getenv('TIDINGS_KEY_ID')) {
        $header['kid'] = getenv('TIDINGS_KEY_ID');
    }
    $signed = base64url(json_encode($header)) . '.' .
        base64url(json_encode(['sub' => $user, 'iat' => $issued, 'exp' => $expires], JSON_THROW_ON_ERROR));
    return $signed . '.' . base64url(hash_hmac('sha256', $signed, $key, true));
}

function answer(int $status, array $body): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    echo json_encode($body), "\n";
    exit;
}

ini_set('display_errors', '0');
session_start(['read_and_close' => true]); // so that the pages of this user need not wait
$user = (string) ($_SESSION['user'] ?? '');
if ($user === '') {
    answer(401, ['error' => 'You are not logged in.']);
}
$issued = time();
$expires = $issued + (int) (getenv('TIDINGS_TOKEN_SECONDS') ?: 900);
answer(200, [
    'token' => make_token($user, $issued, $expires),
    'expiresAt' => gmdate('Y-m-d\TH:i:s.000\Z', $expires),
]);

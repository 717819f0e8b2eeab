<?php
// Receives what nobody was there to read, from tidings-away, see tidings-away(8):
//
//	url = https://example.org/tidings/receiver.php
//	secret-file = /etc/tidings/away.secret
//
// Whoever knows the address can send something; only who has the secret can sign it. And what
// was signed may come twice: it is done once, by its identifier.
//
// Environment: TIDINGS_SECRET_FILE is a copy of the secret; TIDINGS_RECEIVED a directory that
// this may write to, in which each delivery leaves an empty file.
declare(strict_types=1);

const MAX_AGE = 300; // seconds

/** Whether one of the signatures is that of this text, with the secret. */
function is_signed(string $signatures, string $text, string $secret): bool
{
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $text, $secret, true));
    $found = false;
    foreach (explode(' ', $signatures) as $signature) {
        $found = hash_equals($expected, $signature) || $found;
    }
    return $found;
}

/** What is to be done: a mail, a Web Push, a message to somewhere else. */
function hand_over(string $user, array $notifications): void
{
    foreach ($notifications as $notification) {
        error_log("For $user: " . $notification['title']);
    }
}

function answer(int $status): never
{
    http_response_code($status);
    exit;
}

$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$body = file_get_contents('php://input');
$secret = file_get_contents(getenv('TIDINGS_SECRET_FILE') ?: '/etc/tidings/away.secret');
if ($secret === false || strlen($secret) < 32) {
    answer(500); // it will be sent again
}
$secret = preg_replace('/\n\z/', '', $secret);
if (!is_signed($_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', "$id.$timestamp.$body", $secret)
    || abs(time() - (int) $timestamp) > MAX_AGE) {
    answer(401);
}

$received = (getenv('TIDINGS_RECEIVED') ?: '/var/lib/tidings-received') . '/' . basename($id);
if (!file_exists($received)) {
    $delivery = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    hand_over($delivery['userId'], $delivery['notifications']);
    if (!touch($received)) {
        answer(500);
    }
}
answer(204);

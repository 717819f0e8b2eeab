#!/usr/bin/env php
<?php
/*
 * Sends one notification to a user: send.php USER TITLE MESSAGE KEY
 *
 * KEY names what has happened, as order-2041-paid: by it a repeat does no harm, so what
 * was not answered, or with 503, is sent again.
 *
 * Environment: TIDINGS_URL as https://example.org/api/notifications; TIDINGS_TOKEN is a
 * publisher key, which "tidings key add" makes, or the token of a service.
 */
declare(strict_types=1);

const ATTEMPTS = 6;

/** Gives the status (0 without an answer), the body, and the seconds to wait, if they are told. */
function post(string $url, array $headers, string $body): array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => $headers,
        'content' => $body,
        'timeout' => 30,
        'ignore_errors' => true, // a refusal has a body, too
    ]]);
    $answer = @file_get_contents($url, false, $context);
    if ($answer === false) {
        return [0, error_get_last()['message'] ?? 'no answer', null];
    }
    preg_match('/^\S+ (\d+)/', $http_response_header[0], $status);
    $wait = preg_grep('/^Retry-After: *\d+$/i', $http_response_header);
    return [(int) $status[1], $answer, $wait ? (int) explode(':', reset($wait))[1] : null];
}

function notify(string $user, string $title, string $message, string $key, string $type = 'info'): array
{
    $headers = [
        'Authorization: Bearer ' . getenv('TIDINGS_TOKEN'),
        'Content-Type: application/json',
        'Idempotency-Key: ' . $key,
    ];
    $body = json_encode(
        ['userId' => $user, 'type' => $type, 'title' => $title, 'message' => $message],
        JSON_THROW_ON_ERROR
    );
    for ($attempt = 0; $attempt < ATTEMPTS; $attempt++) {
        if ($attempt > 0) {
            sleep(min($wait ?? 2 ** ($attempt - 1), 60));
        }
        [$status, $answer, $wait] = post(getenv('TIDINGS_URL') . '/', $headers, $body);
        if ($status === 201) {
            return json_decode($answer, true)['notification'];
        }
        if (!in_array($status, [0, 502, 503, 504], true)) {
            break;
        }
    }
    throw new RuntimeException($status === 0 ? $answer :
        json_decode($answer, true)['error'] ?? "the server answered $status");
}

if ($argc !== 5) {
    fwrite(STDERR, "Usage: send.php USER TITLE MESSAGE KEY\n");
    exit(2);
}
try {
    notify(...array_slice($argv, 1));
} catch (RuntimeException | JsonException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}

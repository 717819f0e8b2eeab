<?php
// An application's login, for tests: whoever comes is logged in
session_start();
$_SESSION['user'] = 'Zoë';

<?php
// Answers a form with what PHP puts into $_POST; `php -S 127.0.0.1:PORT receiver.php`.
header('Content-Type: application/json');

function write($value) {
    if (is_string($value)) return write_text($value);
    if (array_is_list($value)) return '[' . implode(',', array_map('write', $value)) . ']';
    $entries = [];
    foreach ($value as $key => $entry) $entries[] = write_text((string) $key) . ':' . write($entry);
    return '{' . implode(',', $entries) . '}';
}

// Bytes that are not UTF-8 become lone surrogates, from U+DC80 on.
function write_text($text) {
    if (preg_match('//u', $text)) return json_encode($text);
    $written = '';
    while ($text !== '') {
        $valid = preg_match('/^(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]'
            . '|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}'
            . '|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+/', $text, $found);
        $size = $valid ? strlen($found[0]) : 1;
        $written .= $valid ? substr(json_encode($found[0]), 1, -1) : sprintf('\udc%02x', ord($text));
        $text = substr($text, $size);
    }
    return '"' . $written . '"';
}

if (isset($_SERVER['HTTP_X_EXPRESSION'])) {
    $found = eval('return ' . $_SERVER['HTTP_X_EXPRESSION'] . ';');
    echo '{"value":' . (is_null($found) ? 'null' : write($found)) . '}';
} else {
    echo '{"value":' . ($_POST ? write($_POST) : '{}') . '}';
}

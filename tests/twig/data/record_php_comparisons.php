<?php
// Records what PHP makes of values: php record_php_comparisons.php > php_comparisons.json
$values = ['', '0', '0.0', '5', '05', '5.0', '+5', ' 5', '5 ', '5x', '1e1', '10', '9', 'a', 'b', 'A', '.5', '5.', '-1', '0x1A',
    0, 5, 10, -1, 1.5, true, false, null, [], ['5'], ['a' => '5']];
$texts = [0, -7, 9223372036854775807, 1.0, 0.1, 1e14, 123456789012345.0, 1e15, 12345678901234567.0, 1e-4, 1e-5, 1.5e-7,
    -0.0, 0.00012345, 1e22, 1e100, -2.5, 123456.789e3, 999999999999999.9, 1/3, 2/3, 1e308, true, false, null];
$pairs = [];
foreach ($values as $left) foreach ($values as $right) {
    $row = ['left' => $left, 'right' => $right, 'eq' => $left == $right];
    // An array is never smaller or greater in a way that means something.
    if (!is_array($left) && !is_array($right))
        $row += ['lt' => $left < $right, 'lteq' => $left <= $right, 'gt' => $left > $right, 'gteq' => $left >= $right];
    $pairs[] = $row;
}
echo json_encode([
    'php' => PHP_VERSION,
    'pairs' => $pairs,
    'truths' => array_map(fn ($value) => [$value, (bool) $value], $values),
    'texts' => array_map(fn ($value) => [$value, (string) $value], $texts),
], JSON_PRESERVE_ZERO_FRACTION), "\n";

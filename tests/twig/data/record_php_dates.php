<?php
// Records what PHP writes: php record_php_dates.php > php_dates.json
$letters = str_split('dDjlNSwzWFmMntLoYyaABgGhHisuveIOPpTZcrU');
$zones = ['UTC', 'Europe/London', 'America/New_York', 'Asia/Kolkata'];
$moments = ['2014-05-21 14:18:57', '2014-01-01 00:00:00', '2012-12-31 23:59:59', '2016-02-29 12:00:00',
    '2613-12-27 14:18:57', '1969-12-31 23:59:58', '2021-01-03 11:11:11', '2014-11-02 13:02:03', '2014-06-22 04:05:06.789012'];
$cases = [];
foreach ($moments as $text) {
    foreach ($zones as $zone) {
        $date = (new DateTime($text, new DateTimeZone('UTC')))->setTimezone(new DateTimeZone($zone));
        $written = [];
        foreach ($letters as $letter) $written[$letter] = $date->format($letter);
        $cases[] = ['text' => $text, 'zone' => $zone, 'written' => $written];
    }
}
foreach (['Y-m-d\TH:i', 'jS \o\f F', '\\\\Y', 'd/m/Y \a\t g.ia', 'kq%{}'] as $pattern)
    $cases[] = ['text' => '2014-05-21 14:18:57', 'zone' => 'UTC', 'written' => [$pattern => (new DateTime('2014-05-21 14:18:57', new DateTimeZone('UTC')))->format($pattern)]];
echo json_encode(['php' => PHP_VERSION, 'cases' => $cases], JSON_UNESCAPED_SLASHES|JSON_PRETTY_PRINT), "\n";

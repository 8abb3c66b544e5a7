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
$read = $moved = [];
$utc = new DateTimeZone('UTC');
foreach (['21.05.2014', '21.5.2014', '05/21/2014', '5/6/14', '21 May 2014', '2014-05-21 21.05.14', '31.05.14', '21.5.2014 9.05.07', '1st May 2014', 'May 21, 2014', 'May 21st, 2014',
    'May 21 2014 14:18', 'May 21, 2014 2:18pm', 'Wed, 21 May 2014 14:18:57 +0000', '21-05-2014', '21-May-2014 10:05:01', 'Jan 2014', '2014-05',
    '2014/05/21', '21.05.2014 14:18', '21.05.2014 14:18:57', '20140521T141857', '2014W21', '2014-W21-3', '2014-141', '2014-02-30',
    '2014-05-21 2:18 pm', '2014-05-21 12am', '2014-05-21 12 p.m.', '2014-05-21T14:18:57.123Z', '2014-05-21 14:18 Europe/London',
    '2014-05-21 10:00 EST', '2014-05-21 10:00 (CEST)', '2014-05-21 10:00 GMT+2', '2014-05-21T10:00+02:00',
    '2014-05-21 10:00:00 -0330', '2014-05-21 +1 day', '2014-05-21 10:00 +2 days', '2014-05-21 noon', '2014-05-21 tomorrow', 'first day of january 2014',
    'last day of february 2012', 'third friday of june 2014', 'last monday of may 2014', 'monday 2014-05-21', '2014-05-21 monday next week',
    '2014-05-21 -3 weekdays', '2014-05-21 10:00 Z', '10:00 2014-05-21', 'Sept 3 2014', '3 Sep 2014'] as $text)
    $read[] = [$text, (new DateTime($text, $utc))->setTimezone($utc)->format('c')];
foreach (['2014-05-21 14:18:57', '2014-05-25 00:00:00', '2014-01-31 23:59:59', '2016-02-29 12:00:00'] as $base)
    foreach (['+2 days', '-1 month', '+1 month', '+1 year', '1 week ago', '+1 week 2 days 4 hours 2 sec', 'tomorrow', 'yesterday noon', 'noon tomorrow', 'midnight',
        'next monday', 'last friday', 'monday', 'wednesday', 'sunday', 'this friday', 'next sunday', 'last sunday', 'mon', 'thu', 'previous tuesday',
        'monday next week', 'sunday this week', 'friday last week', 'next week', 'this week', 'last week', 'next month', 'last year', 'this month',
        'friday 10:00', 'tomorrow 9am', '12:30', '+1 day 10:30', '10:30 +1 day', '2015-01-01', '21.05.2013', 'first day of next month', 'last day of',
        'first day of january', 'last day of previous month', 'first monday of next month', 'last friday of this month', 'second tuesday of',
        'third friday of june 2014', '+2 weekdays', '-3 weekdays', '+1 weekday', '+5 weekdays', '+12 weekdays', '-7 weekdays', '+3 fridays', 'monday +1 day',
        'next monday +1 week', '--1 day', '+ 3 hours', '+90 min', 'now', 'today 8:15:30'] as $text)
        if ($date = @(new DateTime($base, $utc))->modify($text)) $moved[] = [$base, $text, $date->format('c')];
        else fwrite(STDERR, "$text\n");
echo json_encode(['php' => PHP_VERSION, 'cases' => $cases, 'read' => $read, 'moved' => $moved], JSON_UNESCAPED_SLASHES|JSON_PRETTY_PRINT), "\n";

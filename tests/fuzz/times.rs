//! Durations, dates and times as flags, records and HTTP headers have them; and figures for people of any number.
#![no_main]

use mltrace::analysis::key::GroupKey;
use mltrace::model::{Timestamp, Zone, parse_release};
use mltrace::number;
use mltrace::query::flags;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = &*String::from_utf8_lossy(bytes);
    let now = Timestamp(1_795_132_800_000_000_000);
    assert_eq!(flags::duration_ms(text).is_ok(), flags::duration_ns(text).is_ok());
    let times = [
        flags::time(text, now, Zone::Utc).ok(),
        flags::time(text, now, Zone::Local).ok(),
        Timestamp::parse_rfc3339(text),
        Timestamp::parse_http_date(text),
        Timestamp::parse_bare(text, Zone::Utc),
        Timestamp::parse_bare(text, Zone::Local),
    ];
    times.into_iter().flatten().for_each(use_time);
    let _ = parse_release(text);
    if let Ok(key) = GroupKey::parse(text) {
        assert_eq!(key.name(), text);
        let _ = key.instant(text);
    }
    // The same bytes as a number.
    if let Some(number) = bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)) {
        use_time(Timestamp(number));
        let _ =
            (number::duration(number), number::millis(number), number::duration_so_far(number), number::count(number));
        let _ = (
            number::bytes(number.cast_unsigned()),
            number::age(Timestamp(number), now),
            number::age(now, Timestamp(number)),
        );
        let _ = (Timestamp::from_millis(number), number::percent(f64::from_bits(number.cast_unsigned())));
        let _ = (
            number::dollars(f64::from_bits(number.cast_unsigned())),
            number::growth(1.5, f64::from_bits(number.cast_unsigned())),
        );
    }
});

fn use_time(time: Timestamp) {
    assert_eq!(Timestamp::parse_rfc3339(&time.rfc3339()), Some(time));
    assert_eq!(Timestamp::parse_rfc3339(&time.rfc3339_nanos()), Some(time));
    let _ = time.millis();
    for zone in [Zone::Utc, Zone::Local] {
        assert!(time.floor_to_hour(zone) <= time && time.floor(300, zone) <= time && time.floor(43_200, zone) <= time);
        let _ = (time.date_time(zone), time.zone_name(zone));
        assert!(time.monday(zone) <= time.date(zone));
    }
}

use super::*;

#[test]
fn numbers_are_formatted() {
    let check = |nanos: i64, text: &str| assert_eq!(duration(nanos), text);
    check(0, "0 ms");
    check(1, "0.1 ms");
    check(210_000, "0.2 ms");
    check(1_500_000, "1.5 ms");
    check(83_000_000, "83 ms");
    check(830_400_000, "830 ms");
    check(999_600_000, "1.00 s");
    check(2_410_000_000, "2.41 s");
    check(59_999_000_000, "0 m 59 s");
    check(200_000_000_000, "3 m 20 s");
    check(7_500_000_000_000, "2 h 05 m");
    check(90_000_000_000_000, "1 d 01 h");
    check(-700_000_000, "-700 ms");
    assert_eq!(count(-1_234_567), "-1,234,567");
    assert_eq!(count(123), "123");
}

#[test]
fn tiny_costs_are_not_shown_as_zero() {
    let check = |total: f64, source: &'static str, shown: &str| {
        let given = Cost { total_cost: Some(total), source, ..Default::default() };
        assert_eq!(cost(&given).as_deref(), Some(shown), "{total}");
    };
    check(0.0, "recorded", "$0");
    check(1e-7, "recorded", "$0.0000001");
    check(0.000_015_15, "calculated", "~$0.0000152");
    check(0.000_000_099, "recorded", "<$0.0000001");
    check(1e-12, "calculated", "<$0.0000001");
    check(f64::MIN_POSITIVE, "calculated", "<$0.0000001");
    check(-1e-9, "calculated", "-<$0.0000001");
    check(1234.5, "recorded", "$1,234.50");
}

#[test]
fn sizes_use_a_fitting_unit() {
    let check = |size, shown: &str| assert_eq!(bytes(size), shown);
    check(0, "0 bytes");
    check(999, "999 bytes");
    check(1_000, "1.0 kB");
    check(999_949, "999.9 kB");
    check(999_960, "1.0 MB");
    check(12_345_678, "12.3 MB");
    check(6_439_755_776, "6.4 GB");
    check(7_000_000_000_000, "7000.0 GB");
}

//! Points in time. The only module that uses chrono.

use chrono::{
    DateTime, Datelike, Local, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use serde::{Serialize, Serializer};

/// Nanoseconds since 1970-01-01T00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The time zone in which dates without a zone are parsed and times are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Coordinated Universal Time.
    Utc,
    /// The local time zone.
    Local,
}

impl Timestamp {
    /// The latest representable time.
    pub const MAX: Self = Self(i64::MAX);

    /// Converts milliseconds, the unit of MLflow's trace records; saturates at the limits of the range.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Returns whole milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns the current time.
    #[must_use]
    pub fn now() -> Self {
        Self(Utc::now().timestamp_nanos_opt().unwrap_or_default())
    }

    /// Parses RFC 3339 (`2026-11-20T15:49:06.695Z`, any offset).
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text.trim()).ok()?;
        Some(Self(time.timestamp_nanos_opt()?))
    }

    /// Parses an HTTP date (RFC 9110, 5.6.7).
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        Some(Self(DateTime::parse_from_rfc2822(text.trim()).ok()?.timestamp_nanos_opt()?))
    }

    /// Parses a date, or a date and time without a zone (`2026-11-20`, `2026-11-20 15:49`, with or without seconds), in
    /// a zone. A local time that is repeated when clocks change means the first one; a skipped one means the next valid
    /// time.
    #[must_use]
    pub fn parse_bare(text: &str, zone: Zone) -> Option<Self> {
        let text = text.trim().replacen('T', " ", 1);
        let naive = NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .or_else(|| NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M").ok())
            .or_else(|| NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok())?;
        match zone {
            Zone::Utc => Utc.from_utc_datetime(&naive).timestamp_nanos_opt().map(Self),
            Zone::Local => Self::from_local(&naive),
        }
    }

    /// Formats as RFC 3339 in UTC with three fraction digits, or nine if it is not a whole millisecond.
    #[must_use]
    pub fn rfc3339(self) -> String {
        if self.0.rem_euclid(1_000_000) == 0 { self.format_utc(3) } else { self.format_utc(9) }
    }

    /// Formats as RFC 3339 in UTC with nine fraction digits.
    #[must_use]
    pub fn rfc3339_nanos(self) -> String {
        self.format_utc(9)
    }

    fn format_utc(self, digits: usize) -> String {
        let time = DateTime::<Utc>::from_timestamp_nanos(self.0);
        let fraction = if digits == 3 { time.nanosecond() / 1_000_000 } else { time.nanosecond() };
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{fraction:0digits$}Z",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
        )
    }

    /// Formats as `2026-11-20 15:49:06` in a zone.
    #[must_use]
    pub fn date_time(self, zone: Zone) -> String {
        let format = "%Y-%m-%d %H:%M:%S";
        match zone {
            Zone::Utc => DateTime::<Utc>::from_timestamp_nanos(self.0).format(format).to_string(),
            Zone::Local => self.local().format(format).to_string(),
        }
    }

    /// Returns the start of the hour in a zone. When clocks are set back, the repeated hour counts as two hours.
    #[must_use]
    pub fn floor_to_hour(self, zone: Zone) -> Self {
        self.floor(3_600, zone)
    }

    /// Returns the start of the interval of this many seconds, counted from midnight in a zone. `seconds` must divide a
    /// day. In UTC these are the buckets of MLflow's metrics (3.18 `store/tracking/utils/sql_trace_metrics_utils.py`).
    #[must_use]
    pub fn floor(self, seconds: i64, zone: Zone) -> Self {
        let since = |offset: i64| self.0.saturating_add(offset).rem_euclid(seconds.saturating_mul(1_000_000_000));
        if zone == Zone::Utc {
            return Self(self.0.saturating_sub(since(0)));
        }
        let local = self.local();
        if seconds <= 3_600 {
            let offset = i64::from(local.offset().local_minus_utc()) * 1_000_000_000;
            return Self(self.0.saturating_sub(since(offset)));
        }
        // Intervals longer than an hour start by the local clock, also on days of 23 or 25 hours.
        let elapsed = i64::from(local.num_seconds_from_midnight());
        let begin = local.date_naive().and_time(NaiveTime::MIN) + TimeDelta::seconds(elapsed - elapsed % seconds);
        Self::from_local(&begin).unwrap_or(self)
    }

    /// Converts a local time; a repeated one to the earlier time, a skipped one to the next valid time.
    fn from_local(naive: &NaiveDateTime) -> Option<Self> {
        let local = |naive: &NaiveDateTime| match Local.from_local_datetime(naive) {
            LocalResult::Single(time) => Some(time),
            LocalResult::Ambiguous(first, second) => Some(first.min(second)),
            LocalResult::None => None,
        };
        let next = || local(&(*naive + TimeDelta::minutes(30))).or_else(|| local(&(*naive + TimeDelta::hours(1))));
        Some(Self(local(naive).or_else(next)?.timestamp_nanos_opt()?))
    }

    /// Formats the date in a zone: `2026-11-20`.
    #[must_use]
    pub fn date(self, zone: Zone) -> String {
        self.calendar_date(zone).format("%Y-%m-%d").to_string()
    }

    /// Formats the Monday of the week in a zone: `2026-11-16`.
    #[must_use]
    pub fn monday(self, zone: Zone) -> String {
        let date = self.calendar_date(zone);
        let since = TimeDelta::days(i64::from(date.weekday().num_days_from_monday()));
        date.checked_sub_signed(since).unwrap_or(date).format("%Y-%m-%d").to_string()
    }

    fn calendar_date(self, zone: Zone) -> NaiveDate {
        match zone {
            Zone::Utc => DateTime::<Utc>::from_timestamp_nanos(self.0).date_naive(),
            Zone::Local => self.local().date_naive(),
        }
    }

    fn local(self) -> DateTime<Local> {
        DateTime::<Utc>::from_timestamp_nanos(self.0).with_timezone(&Local)
    }

    /// Returns the name or offset of the zone at this time: `UTC`, `+02:00`.
    #[must_use]
    pub fn zone_name(self, zone: Zone) -> String {
        match zone {
            Zone::Utc => "UTC".to_owned(),
            Zone::Local => {
                let offset = self.local().format("%:z").to_string();
                if offset == "+00:00" { "UTC".to_owned() } else { offset }
            }
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

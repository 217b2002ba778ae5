//! Moments as text. The calendar reaches to the end of year 9999, where "never" lies.

use domain::time::Timestamp;
use jiff::SignedDuration;
use jiff::civil::DateTime;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The UTC calendar date and time of a moment; what lies beyond the calendar is its last moment.
pub fn civil(at: Timestamp) -> DateTime {
    EPOCH.checked_add(SignedDuration::from_micros(at.0)).unwrap_or(DateTime::MAX)
}

/// The moment of a UTC calendar date and time.
pub fn moment(civil: DateTime) -> Timestamp {
    let micros = civil.duration_since(EPOCH).as_micros();
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX)).min(Timestamp::NEVER)
}

/// A moment as RFC 3339, with microseconds, in UTC.
pub fn rfc3339(at: Timestamp) -> String {
    let micros = at.0.rem_euclid(1_000_000);
    format!("{}.{micros:06}Z", civil(at).strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The moment that a text as RFC 3339 means, with any offset; finer than microseconds is cut off.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let at = text.parse::<jiff::Timestamp>().ok()?;
    Some(Timestamp(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_holds_every_moment_up_to_never() {
        for at in [Timestamp(0), Timestamp(1_700_000_000_123_456), Timestamp::NEVER] {
            assert_eq!(moment(civil(at)), at);
        }
        assert_eq!(rfc3339(Timestamp::NEVER), "9999-12-31T00:00:00.000000Z");
        assert_eq!(rfc3339(Timestamp(1)), "1970-01-01T00:00:00.000001Z");
    }

    #[test]
    fn a_moment_is_read_in_any_offset_and_not_without_one() {
        let at = Timestamp(1_700_000_000_123_456);
        assert_eq!(parse_rfc3339(&rfc3339(at)), Some(at));
        assert_eq!(parse_rfc3339("2023-11-14T23:13:20.123456+01:00"), Some(at));
        assert_eq!(parse_rfc3339("2023-11-14T22:13:20"), None);
        assert_eq!(parse_rfc3339("yesterday"), None);
    }
}

//! Time as a value: microseconds since 1970 (UTC). Nothing here reads a clock.

/// A moment, in microseconds since 1970-01-01T00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 9999-12-31T00:00:00, which all dialects read as "never".
    pub const NEVER: Self = Self(253_402_214_400_000_000);

    /// The moment this much later; "never" and everything beyond it stay "never".
    #[must_use]
    pub fn after(self, wait: Span) -> Self {
        Self(self.0.saturating_add(wait.0)).min(Self::NEVER)
    }

    /// The moment this much earlier.
    #[must_use]
    pub fn before(self, wait: Span) -> Self {
        Self(self.0.saturating_sub(wait.0))
    }

    /// Whole seconds since 1970; 0 for moments before it.
    pub fn unix_secs(self) -> u64 {
        u64::try_from(self.0.div_euclid(1_000_000)).unwrap_or(0)
    }

    /// The month this moment lies in (UTC).
    ///
    /// Civil date from days: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    pub fn month(self) -> Month {
        let days = self.0.div_euclid(86_400_000_000) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Month(u32::try_from(year * 100 + month).unwrap_or(0))
    }
}

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub i64);

impl Span {
    /// So many seconds.
    pub const fn secs(count: i64) -> Self {
        Self(count.saturating_mul(1_000_000))
    }

    /// So many minutes.
    pub const fn minutes(count: i64) -> Self {
        Self::secs(count.saturating_mul(60))
    }

    /// So many days of 24 hours.
    pub const fn days(count: i64) -> Self {
        Self::secs(count.saturating_mul(86_400))
    }
}

/// A calendar month of UTC, as year times 100 plus month (202611).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub u32);

impl Month {
    /// The month that is written like this: `2026-11`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits =
            |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then_some(Self(year * 100 + month))
    }

    /// The month so many months before it.
    #[must_use]
    pub fn earlier(self, months: u32) -> Self {
        let since_zero = (self.0 / 100 * 12 + self.0 % 100).saturating_sub(months + 1);
        Self(since_zero / 12 * 100 + since_zero % 12 + 1)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_at_midnight_utc() {
        let new_year_2024 = Timestamp(1_704_067_200_000_000);
        assert_eq!(new_year_2024.month(), Month(202_401));
        assert_eq!(new_year_2024.before(Span(1)).month(), Month(202_312));
        assert_eq!(Timestamp(1_709_164_800_000_000).month(), Month(202_402)); // 2024-02-29
        assert_eq!(Timestamp(0).month(), Month(197_001));
        assert_eq!(Timestamp::NEVER.month(), Month(999_912));
    }

    #[test]
    fn months_are_counted_back_over_new_year() {
        let earlier = |months| Month(202_602).earlier(months).to_string();
        assert_eq!([earlier(0), earlier(1), earlier(2)], ["2026-02", "2026-01", "2025-12"]);
        assert_eq!([earlier(13), earlier(14)], ["2025-01", "2024-12"]);
        assert_eq!(Month(1).earlier(u32::MAX - 1), Month(1));
    }

    #[test]
    fn a_month_is_read_as_it_is_written() {
        assert_eq!(Month::parse("2026-11"), Some(Month(202_611)));
        assert_eq!(Month::parse("2026-12").unwrap().to_string(), "2026-12");
        for wrong in ["2026-13", "2026-00", "2026-1", "202611", "26-11", "2026-+1", "", "-"] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn never_stays_never() {
        assert_eq!(Timestamp::NEVER.after(Span::days(1)), Timestamp::NEVER);
        assert_eq!(Timestamp(0).after(Span(i64::MAX)), Timestamp::NEVER);
    }
}

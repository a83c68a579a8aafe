//! The clock, as far as commands need one.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The day, in UTC.
pub(super) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

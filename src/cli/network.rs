//! How a run speaks to workspaces: its bounds, and what it counts.

use std::sync::Arc;
use std::time::Duration;

use crate::text::plural;
use crate::workspace::{ClientOptions, PARALLEL, RetryPolicy, Traffic};

/// Bounds that hold for every workspace of a run.
#[derive(clap::Args)]
pub(super) struct NetworkArguments {
    /// How many requests may be under way at once
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value_t = PARALLEL,
        value_parser = places,
        env = "TAPWORKS_PARALLEL",
        help_heading = "Network"
    )]
    parallel: usize,
    /// How long a SQL statement may take, the start of its warehouse included: 90, 90s, 5m; unlimited without
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        value_parser = time,
        env = "TAPWORKS_TIMEOUT",
        help_heading = "Network"
    )]
    timeout: Option<Duration>,
    /// How long a request may take in all, repetitions included: 30, 30s, 2m; 5m without, 30s while a host cannot be
    /// reached
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        value_parser = time,
        env = "TAPWORKS_RETRY_TIMEOUT",
        help_heading = "Network"
    )]
    retry_timeout: Option<Duration>,
}

/// The bounds of a run, and what all its clients share.
pub(super) struct Network {
    traffic: Arc<Traffic>,
    statement_timeout: Option<Duration>,
    retry_timeout: Option<Duration>,
}

impl Network {
    pub(super) fn new(arguments: &NetworkArguments) -> Self {
        Self {
            traffic: Arc::new(Traffic::new(arguments.parallel)),
            statement_timeout: arguments.timeout,
            retry_timeout: arguments.retry_timeout,
        }
    }

    /// What every client of the run is made with.
    pub(super) fn options(&self) -> ClientOptions {
        let usual = ClientOptions {
            traffic: Arc::clone(&self.traffic),
            statement_timeout: self.statement_timeout,
            ..ClientOptions::default()
        };
        match self.retry_timeout {
            Some(total) => ClientOptions {
                connect_timeout: usual.connect_timeout.min(total),
                read_timeout: usual.read_timeout.min(total),
                retry: RetryPolicy::within(total),
                ..usual
            },
            None => usual,
        }
    }

    /// How many requests were sent, repeated ones included.
    pub(super) fn requests(&self) -> u64 {
        self.traffic.requests()
    }

    /// What was sent, once something was: `41 requests, 2 repeated`.
    pub(super) fn summary(&self) -> Option<String> {
        let (sent, repeated) = (self.traffic.requests(), self.traffic.repeated());
        let sent = usize::try_from(sent).ok().filter(|sent| *sent > 0)?;
        Some(format!("{}, {repeated} repeated", plural(sent, "request")))
    }
}

fn places(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err("a whole number from 1 to 1000 is meant".to_owned()),
    }
}

/// Seconds, or a number with `s`, `m` or `h`.
fn time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        _ => (text, 1.0),
    };
    let seconds =
        number.trim().parse::<f64>().ok().filter(|seconds| *seconds > 0.0).map(|seconds| seconds * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        // More than a month is a slip of the unit.
        .filter(|time| *time <= Duration::from_secs(31 * 86_400))
        .ok_or_else(|| "seconds are meant, or a number with s, m or h, such as 90, 90s or 5m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_carry_their_unit() {
        for (text, seconds) in [("90", 90.0), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0), ("0.5", 0.5)] {
            assert_eq!(time(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "m", "0", "-1", "5 min", "NaN", "inf", "9999h", "five"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn there_is_room_for_one_request_at_least() {
        assert_eq!(places("1"), Ok(1));
        assert!(places("0").is_err() && places("-1").is_err() && places("many").is_err());
    }

    #[test]
    fn a_short_patience_bounds_every_wait_of_a_request() {
        let second = Duration::from_secs(1);
        let network =
            Network::new(&NetworkArguments { parallel: 3, timeout: None, retry_timeout: Some(second) });
        let options = network.options();
        assert_eq!(
            (options.connect_timeout, options.read_timeout, options.retry.total),
            (second, second, second)
        );
        assert_eq!(network.summary(), None);
    }
}

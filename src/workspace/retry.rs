//! Whether and when a request is asked again. Pure: time and chance come in as values.

use std::time::Duration;

/// How long and how often requests are repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// In all, while the host cannot be found, refuses connections or fails at TLS: nearly always a mistake in the
    /// address, not weather. 30 s.
    pub unreachable: Duration,
    /// In all, for every other fault of a request. 5 min.
    pub total: Duration,
    /// In all, for a request that fetches a token. 1 min.
    pub token: Duration,
    /// The first wait; each further one is twice as long. 500 ms.
    pub first_wait: Duration,
    /// The longest wait where the server names none. 10 s.
    pub longest_wait: Duration,
    /// The longest wait that a server's `Retry-After` can ask for. 60 s.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            unreachable: Duration::from_secs(30),
            total: Duration::from_secs(300),
            token: Duration::from_secs(60),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(10),
            longest_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The usual policy, with no request taking longer than this in all. First waits shrink with it, so that there is
    /// something to repeat within.
    #[must_use]
    pub fn within(total: Duration) -> Self {
        let usual = Self::default();
        Self {
            unreachable: usual.unreachable.min(total),
            total,
            token: usual.token.min(total),
            first_wait: usual.first_wait.min(total / 10),
            longest_wait: usual.longest_wait.min(total / 4),
            longest_retry_after: usual.longest_retry_after,
        }
    }
}

/// What went wrong with one attempt, as far as repeating it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The host was not found, refused the connection, or TLS failed. Nothing was sent.
    Unreachable,
    /// The host's certificate is not trusted. Nothing was sent.
    Untrusted,
    /// The host did not take the connection in time. Nothing was sent.
    Unanswered,
    /// The request was sent and the answer lost, wholly or in part.
    Lost,
    /// The answer came whole and cannot be read.
    Garbled,
    /// The answer is an error.
    Status {
        /// The HTTP status.
        status: u16,
        /// Whether its message says that the request was turned away for its rate.
        throttled: bool,
        /// Whether its message is one of those known to pass by themselves.
        passing: bool,
        /// What the server asked to wait.
        retry_after: Option<Duration>,
    },
}

/// Which requests may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice is as good as once: reads, and writes of a whole value.
    Freely,
    /// Only where the first cannot have acted.
    IfUnsent,
}

/// How often an answer that cannot be read is asked for: more would hide that the other side is not what we take it for.
const READINGS: u32 = 3;

impl RetryPolicy {
    /// How long to wait before the next attempt, or `None` to give up.
    ///
    /// `failed` counts the attempts that failed, from 1; `elapsed` is the time since the first began; `budget` bounds
    /// the whole; `chance` is a random number in `0..1`.
    pub(crate) fn wait(
        &self,
        fault: Fault,
        repeat: Repeat,
        failed: u32,
        elapsed: Duration,
        budget: Duration,
        chance: f64,
    ) -> Option<Duration> {
        let freely = repeat == Repeat::Freely;
        let (may, budget) = match fault {
            Fault::Unreachable => (true, budget.min(self.unreachable)),
            Fault::Untrusted => (false, budget),
            Fault::Unanswered => (true, budget),
            Fault::Lost => (freely, budget),
            Fault::Garbled => (freely && failed < READINGS, budget),
            Fault::Status { status: 429 | 503, .. } | Fault::Status { throttled: true, .. } => (true, budget),
            Fault::Status { status: 408 | 500 | 502 | 504, .. } | Fault::Status { passing: true, .. } => {
                (freely, budget)
            }
            Fault::Status { .. } => (false, budget),
        };
        if !may {
            return None;
        }
        let asked = match fault {
            Fault::Status { retry_after, .. } => retry_after.filter(|wait| !wait.is_zero()),
            _ => None,
        };
        let wait = match asked {
            // A little later than asked, and not all at the same moment.
            Some(asked) => asked.min(self.longest_retry_after) + self.first_wait.mul_f64(chance * 0.5),
            None => self.backoff(failed, chance),
        };
        (elapsed + wait <= budget).then_some(wait)
    }

    /// Doubling from the first wait to the longest, half of it by chance.
    fn backoff(&self, failed: u32, chance: f64) -> Duration {
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1).min(16)));
        doubled.min(self.longest_wait).mul_f64(0.5 + chance * 0.5)
    }
}

/// The wait that a `Retry-After` header asks for: whole seconds, or a date, `now` being the current time.
pub(crate) fn retry_after(header: &str, now: jiff::Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    fn status(status: u16) -> Fault {
        Fault::Status { status, throttled: false, passing: false, retry_after: None }
    }

    fn wait(fault: Fault, repeat: Repeat, failed: u32, elapsed: u64) -> Option<Duration> {
        let policy = RetryPolicy::default();
        policy.wait(fault, repeat, failed, Duration::from_secs(elapsed), policy.total, 0.0)
    }

    #[test]
    fn what_cannot_have_acted_is_always_repeated() {
        for fault in [Fault::Unreachable, Fault::Unanswered, status(429), status(503)] {
            assert!(wait(fault, Repeat::IfUnsent, 1, 0).is_some(), "{fault:?}");
        }
        let throttled = Fault::Status { status: 500, throttled: true, passing: false, retry_after: None };
        assert!(wait(throttled, Repeat::IfUnsent, 1, 0).is_some());
    }

    #[test]
    fn what_may_have_acted_is_repeated_for_reads_only() {
        let passing = Fault::Status { status: 400, throttled: false, passing: true, retry_after: None };
        for fault in
            [Fault::Lost, Fault::Garbled, status(408), status(500), status(502), status(504), passing]
        {
            assert!(wait(fault, Repeat::Freely, 1, 0).is_some(), "{fault:?}");
            assert!(wait(fault, Repeat::IfUnsent, 1, 0).is_none(), "{fault:?}");
        }
    }

    #[test]
    fn answers_that_stay_are_not_repeated() {
        assert!(wait(Fault::Untrusted, Repeat::Freely, 1, 0).is_none());
        for code in [400, 401, 403, 404, 409, 501] {
            assert!(wait(status(code), Repeat::Freely, 1, 0).is_none(), "{code}");
        }
        assert!(wait(Fault::Garbled, Repeat::Freely, 3, 0).is_none());
    }

    #[test]
    fn time_is_bounded_by_kind() {
        assert!(wait(Fault::Unreachable, Repeat::Freely, 4, 20).is_some());
        assert!(wait(Fault::Unreachable, Repeat::Freely, 9, 30).is_none());
        assert!(wait(Fault::Unanswered, Repeat::Freely, 9, 100).is_some());
        assert!(wait(status(503), Repeat::Freely, 30, 290).is_some());
        assert!(wait(status(503), Repeat::Freely, 30, 299).is_none());
    }

    #[test]
    fn a_shorter_time_shortens_every_bound_and_a_longer_one_only_the_whole() {
        let short = RetryPolicy::within(Duration::from_secs(1));
        assert!([short.unreachable, short.total, short.token].iter().all(|bound| *bound == short.total));
        assert!(short.first_wait < Duration::from_millis(200));
        let long = RetryPolicy::within(Duration::from_secs(900));
        assert_eq!(long, RetryPolicy { total: Duration::from_secs(900), ..RetryPolicy::default() });
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = (1..=7).map(|failed| policy.backoff(failed, 1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(policy.backoff(1, 0.0).as_millis(), 250);
        assert_eq!(policy.backoff(u32::MAX, 0.0).as_millis(), 5000);
    }

    #[test]
    fn the_server_decides_the_wait_up_to_a_cap() {
        let asked = |seconds| Fault::Status {
            status: 429,
            throttled: true,
            passing: false,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(wait(asked(7), Repeat::IfUnsent, 1, 0), Some(Duration::from_secs(7)));
        assert_eq!(wait(asked(3600), Repeat::IfUnsent, 1, 0), Some(Duration::from_secs(60)));
        assert_eq!(wait(asked(0), Repeat::IfUnsent, 1, 0), Some(Duration::from_millis(250)));
        assert_eq!(wait(asked(30), Repeat::IfUnsent, 1, 290), None, "longer than there is time");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: jiff::Timestamp = "2026-08-21T12:00:00Z".parse().unwrap();
        assert_eq!(retry_after(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(retry_after("Fri, 21 Aug 2026 12:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Fri, 21 Aug 2026 11:00:00 GMT", now), Some(ZERO), "a date in the past");
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}

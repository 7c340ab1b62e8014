//! What a hub says of its limits: `RateLimit`, `RateLimit-Policy`, `Retry-After`.

use std::time::{Duration, SystemTime};

use hyper::header::{DATE, HeaderMap, RETRY_AFTER};

/// What is left of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) requests: u64,
    pub(super) resets: Duration,
}

/// Reads `RateLimit: "bucket";r=LEFT;t=SECONDS`: what is said of the bucket, else of no bucket by name. A host that is
/// not the hub has its own names: without a bucket to look for, the first counts.
pub(super) fn left(headers: &HeaderMap, bucket: Option<&str>) -> Option<Left> {
    let item = item(headers, "ratelimit", bucket)?;
    Some(Left { requests: number(&item, "r")?, resets: Duration::from_secs(number(&item, "t")?) })
}

/// Reads `RateLimit-Policy: "fixed window";"bucket";q=REQUESTS;w=SECONDS`.
pub(super) fn policy(headers: &HeaderMap, bucket: Option<&str>) -> Option<(u64, Duration)> {
    let item = item(headers, "ratelimit-policy", bucket)?;
    Some((number(&item, "q")?, Duration::from_secs(number(&item, "w")?)))
}

/// The longest wait that this machine's own clock decides: it may be years off, and a hub's windows are of minutes.
const MOST_BY_OWN_TIME: Duration = Duration::from_mins(10);

/// Reads `Retry-After`, seconds or a date; a date is taken against the answer's own clock if it tells it, else against
/// this machine's, where one that is over says nothing.
pub(super) fn retry_after(headers: &HeaderMap, own_time: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let told = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    match told {
        Some(told) => Some(until.duration_since(told).unwrap_or_default()),
        None => until.duration_since(own_time).ok().map(|wait| wait.min(MOST_BY_OWN_TIME)),
    }
}

fn item(headers: &HeaderMap, name: &str, bucket: Option<&str>) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    let Some(bucket) = bucket else { return text.split(',').next().map(str::to_owned) };
    let named = text.split(',').find(|item| names(item).any(|name| name == bucket));
    named.or_else(|| text.split(',').find(|item| names(item).next().is_none())).map(str::to_owned)
}

/// The buckets that an item names: what stands in quotes, but for the hub's word for the kind of its policy.
fn names(item: &str) -> impl Iterator<Item = &str> {
    item.split('"').skip(1).step_by(2).filter(|name| *name != "fixed window")
}

fn number(item: &str, name: &str) -> Option<u64> {
    item.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn limits_are_read_as_the_hub_writes_them() {
        let told = headers(&[
            ("ratelimit", "\"api\";r=3;t=9, \"resolvers\";r=2999;t=42"),
            ("ratelimit-policy", "\"fixed window\";\"resolvers\";q=3000;w=300"),
        ]);
        let seconds = Duration::from_secs;
        assert_eq!(left(&told, Some("resolvers")), Some(Left { requests: 2999, resets: seconds(42) }));
        assert_eq!(left(&told, Some("api")), Some(Left { requests: 3, resets: seconds(9) }));
        assert_eq!(policy(&told, Some("resolvers")), Some((3000, seconds(300))));
        assert_eq!(left(&headers(&[("ratelimit", "nonsense")]), Some("api")), None);
        assert_eq!(left(&HeaderMap::new(), Some("api")), None);
    }

    #[test]
    fn the_limits_of_another_bucket_are_not_this_ones() {
        let told = headers(&[
            ("ratelimit", "\"api\";r=0;t=300"),
            ("ratelimit-policy", "\"fixed window\";\"api\";q=500;w=300"),
        ]);
        assert_eq!((left(&told, Some("resolvers")), policy(&told, Some("resolvers"))), (None, None));
        assert!(left(&told, Some("api")).is_some() && policy(&told, Some("api")).is_some());
        let unnamed =
            headers(&[("ratelimit", "r=7;t=9"), ("ratelimit-policy", "\"fixed window\";q=100;w=60")]);
        let seconds = Duration::from_secs;
        assert_eq!(left(&unnamed, Some("resolvers")), Some(Left { requests: 7, resets: seconds(9) }));
        assert_eq!(policy(&unnamed, Some("resolvers")), Some((100, seconds(60))));
        assert!(left(&told, None).is_some(), "another host calls its limits what it likes");
    }

    #[test]
    fn a_wait_is_seconds_or_a_date_on_the_hubs_clock() {
        let seconds = Duration::from_secs;
        let now = SystemTime::now();
        assert_eq!(retry_after(&headers(&[("retry-after", "7")]), now), Some(seconds(7)));
        let dates =
            [("date", "Sun, 06 Nov 1994 08:49:30 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")];
        assert_eq!(retry_after(&headers(&dates), now), Some(seconds(7)));
        let over =
            [("date", "Sun, 06 Nov 1994 08:49:38 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")];
        assert_eq!(retry_after(&headers(&over), now), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")]), now), None);
    }

    #[test]
    fn a_date_by_a_clock_that_is_years_off_neither_closes_a_hub_for_ever_nor_opens_it_at_once() {
        let seconds = Duration::from_secs;
        let told = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let only_a_date = headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        let year = seconds(365 * 24 * 3600);
        assert_eq!(retry_after(&only_a_date, told - seconds(7)), Some(seconds(7)));
        assert_eq!(retry_after(&only_a_date, told - year), Some(MOST_BY_OWN_TIME));
        assert_eq!(retry_after(&only_a_date, told + year), None, "as if no time were told");
    }
}

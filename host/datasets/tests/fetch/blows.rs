//! Many files while requests fail at random.

use std::time::Duration;

use plimsoll_datasets::fetch::{Bucket, Caps, FetchOptions, Outcome};
use plimsoll_hub::shape::Shape;
use plimsoll_hub::{Bucket as Asked, Hub, HubOptions, Rates, Way};

use super::support::{caps, client, options, wanted};

const JOBS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_limits_cuts_and_stalls_all_arrive_with_few_requests_more() {
    let shape = Shape::new(7);
    let rates = Rates { seed: 3, too_many: 50, unavailable: 50, cut: 50, stall: 20, retry_after_s: 1 };
    let hub = Hub::start(shape.repos(Way::Plain), HubOptions { rates, ..HubOptions::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let caps = Caps { stall: Duration::from_secs(2), tries: 6, ..caps() };
    let fetch = client(FetchOptions { caps, jobs: JOBS, ..options(hub.address()) });
    let sources: Vec<_> = shape.miners.iter().filter_map(plimsoll_hub::shape::Miner::source).collect();
    let all = sources.iter().map(|(repo, commit)| wanted(folder.path(), repo, commit)).collect();
    let outcomes = fetch.all(all, |_, _| {}).await.unwrap();
    assert_eq!(outcomes.len(), 252);
    for (outcome, (_, commit)) in outcomes.iter().zip(&sources) {
        assert!(
            matches!(outcome, Outcome::Fetched(found) if found.commit.as_str() == *commit),
            "{outcome:?}"
        );
    }
    let asked = hub.log().count(Asked::Resolvers);
    assert_eq!(fetch.asked(Bucket::Resolvers), asked as u64);
    assert!(asked > 252 && asked * 100 <= 252 * 135, "{asked} requests for 252 files");
    // Those that were under way when the limit was told could not know of it; each limit excuses them once.
    let limits = hub.log().all().iter().filter(|asked| asked.status == 429).count();
    let inside = hub.log().inside_a_wait().len();
    assert!(limits > 0 && inside < limits * JOBS, "{inside} requests inside {limits} waits");
}

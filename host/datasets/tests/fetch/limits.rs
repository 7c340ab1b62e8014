//! The hub's limits: no request inside a wait.

use std::time::Duration;

use plimsoll_datasets::fetch::{Bucket, Budget, Fetch, FetchOptions, Pace, Quota as Told};
use plimsoll_hub::{Bucket as Asked, Fault, HubOptions, Quota, Wait, Way};
use std::sync::Arc;

use super::support::{COMMIT, REPO, client, fetched, hub, hub_with, one, options, wanted};

#[tokio::test]
async fn a_limit_is_waited_for_in_seconds_and_by_date() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    hub.fail(REPO, Fault::TooMany(Wait::Seconds(1)), Some(2));
    hub.fail(REPO, Fault::TooMany(Wait::Date(2)), Some(1));
    hub.fail(REPO, Fault::Unavailable(Wait::Seconds(1)), Some(1));
    let mut options = FetchOptions { jobs: 1, ..options(hub.address()) };
    options.caps.tries = 6;
    let fetch = client(options);
    fetched(one(&fetch, folder.path()).await);
    let statuses: Vec<u16> = hub.log().all().iter().map(|asked| asked.status).collect();
    assert_eq!(statuses, [429, 429, 429, 503, 200]);
    assert_eq!(hub.log().inside_a_wait().len(), 0);
}

#[tokio::test]
async fn a_window_without_requests_left_is_waited_out_before_any_refusal() {
    let quota = Quota { resolvers: 4, api: 4, window_s: 2 };
    let hub = hub_with(Way::Plain, HubOptions { quota, ..HubOptions::default() });
    let folder = tempfile::tempdir().unwrap();
    let budget = Arc::new(Budget::new(Pace::Free));
    let fetch =
        Arc::new(Fetch::new(FetchOptions { jobs: 1, ..options(hub.address()) }, budget.clone()).unwrap());
    let many = (0..9).map(|n| {
        let mut one = wanted(folder.path(), REPO, COMMIT);
        one.name = format!("{n}.jsonl");
        one
    });
    for outcome in fetch.all(many.collect(), |_, _| {}).await.unwrap() {
        fetched(outcome);
    }
    assert_eq!(hub.log().count(Asked::Resolvers), 9, "nobody had to be refused");
    assert!(hub.log().all().iter().all(|asked| asked.status == 200));
    let told = Told { requests: 4, window: Duration::from_secs(2) };
    assert_eq!(budget.quota(Bucket::Resolvers), Some(told));
}

//! What holds of every run.

use plimsoll_lab::simulate::Run;

use crate::lab::{ready, run, scenario};

const MIXED: &str = r#"
[[validators]]
name = "v"
count = 3

[[miners]]
name = "honest"
count = 4
bytes = "1TiB"

[[miners]]
name = "free"
count = 2
bytes = "1TiB"
strategy.freeloader = { keep = 0.9 }
"#;

fn json(run: &Run) -> String {
    serde_json::to_string(run).unwrap()
}

#[test]
fn a_run_is_the_same_on_every_number_of_threads() {
    let prepared = ready(scenario(MIXED));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        json(&pool.install(|| run(&prepared, 7)))
    };
    let one = on(1);
    println!("{one}");
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
    assert_eq!(one, json(&run(&prepared, 7)));
    assert_ne!(one, json(&run(&prepared, 8)));
}

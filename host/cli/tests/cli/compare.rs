//! `compare`, `bench kernels` and `inspect unit`: shapes, refusals and bytes; never timings.

use plimsoll_core::{Hotkey, Identity, Layout, NetUid, Order, Pass};
use plimsoll_store::{FillOptions, Filling, PlotSpec, SchemeTag};
use serde_json::Value;

use crate::home::{Home, Ran};

const SMALL: &str = "--bytes 64KiB --repeats 1 --challenges 2 --trials 5 --budget-s 5";

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_comparison_has_the_same_fields_for_every_scheme() {
    let home = Home::warm();
    let ran =
        home.run(&format!("compare --schemes proof-merkle,proof-stream {SMALL} --json --html page.html"));
    assert_eq!(ran.code, 0, "{}", ran.all());
    let object = ran.json();
    let schemes = object["schemes"].as_array().unwrap();
    assert_eq!((&schemes[0]["name"], &schemes[1]["name"]), (&"proof-merkle".into(), &"proof-stream".into()));
    assert_eq!((&schemes[0]["claims"], &schemes[0]["failure"]), (&"retrievability".into(), &Value::Null));
    assert_eq!((&schemes[0]["region_bytes"], &schemes[0]["unit_bytes"]), (&65_536.into(), &1024.into()));
    assert_eq!(keys(&schemes[0]), keys(&schemes[1]));
    let shape = serde_json::json!({
        "fields of a scheme": keys(&schemes[0]),
        "fields of an assumption": keys(&object["assumptions"]),
        "fields of the machine": keys(&object["machine"]),
    });
    insta::assert_snapshot!("fields", serde_json::to_string_pretty(&shape).unwrap());
    let page = std::fs::read_to_string(home.path().join("page.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("proof-merkle") && page.ends_with("</html>\n"));
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["page.html"], "plots are removed");
}

#[test]
fn people_see_three_tables_and_scripts_comma_separated_values() {
    let home = Home::warm();
    let ran = home.run(&format!("compare --schemes proof-merkle {SMALL}"));
    assert_eq!(ran.code, 0, "{}", ran.all());
    for title in ["filling", "proving and verifying", "against a cheater"] {
        assert!(ran.out.lines().any(|line| line.starts_with(title)), "{}", ran.out);
    }
    assert_eq!(ran.out.lines().filter(|line| line.starts_with("proof-merkle")).count(), 3, "{}", ran.out);
    let csv = home.run(&format!("compare --schemes proof-merkle {SMALL} --csv")).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert!(lines[0].starts_with("name,failure,") && lines[1].starts_with("proof-merkle,,"), "{csv}");
}

#[test]
fn all_stands_for_every_shipped_scheme() {
    let home = Home::warm();
    // A plot of 100 bytes holds no unit of any scheme: every line is there, and says why.
    let ran = home.run("compare --schemes all --bytes 100 --json");
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    let schemes = object["schemes"].as_array().unwrap();
    let names: Vec<&str> = schemes.iter().map(|scheme| scheme["name"].as_str().unwrap()).collect();
    for name in ["proof-merkle", "proof-seed-v1", "proof-stream"] {
        assert!(names.contains(&name), "{name} of {names:?}");
    }
    for scheme in schemes {
        assert!(scheme["failure"].as_str().is_some_and(|why| why.len() > 10), "{scheme}");
        assert_eq!(scheme["verify_us"], Value::Null);
    }
    assert_eq!(ran.code, 51, "nothing was measured");
}

#[test]
fn one_scheme_that_fails_is_seen_by_the_exit_code_and_the_others_are_measured() {
    let home = Home::warm();
    // 64 KiB hold a unit of the one and none of the other.
    let ran = home.run(&format!(
        "compare --schemes proof-merkle,proof-stream --params proof-stream={{\"unit_bytes\":131072}} {SMALL} --json"
    ));
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(object["schemes"][0]["failure"], Value::Null);
    assert!(object["schemes"][0]["verify_us"].as_f64().is_some(), "{object}");
    let why = object["schemes"][1]["failure"].as_str().unwrap();
    assert!(why.contains("65536 bytes hold no unit"), "{why}");
    assert_eq!(ran.code, 51, "{}", ran.all());
}

#[test]
fn a_page_that_cannot_be_written_is_known_before_anything_is_measured() {
    let home = Home::warm();
    let run = |page: &str| home.run(&format!("compare --schemes proof-merkle {SMALL} --html {page}"));
    let ran = run("missing/page.html");
    assert_eq!(ran.code, 21, "{}", ran.all());
    let sentence = "cannot write missing/page.html: its folder is not there: make it first";
    assert!(ran.err.contains(sentence), "{}", ran.err);
    assert!(!ran.err.contains("measuring"), "{}", ran.err);
    assert!(run(".").err.contains("it is a folder: name a file in it"));
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let home = Home::warm();
    let refused = |line: &str| home.run(&format!("compare {line}"));
    let unknown = refused("--schemes proof-nothing");
    assert_eq!(unknown.code, 40, "{}", unknown.all());
    assert!(unknown.err.contains("there is no shipped plugin `proof-nothing`"), "{}", unknown.err);
    let none = refused("--schemes ,");
    assert_eq!(none.code, 2, "{}", none.all());
    assert!(none.err.contains("--schemes names no scheme: expected `all`, names"), "{}", none.err);
    assert!(refused("--schemes missing.wasm").err.contains("missing.wasm"));
    let stray = refused("--schemes proof-merkle --params proof-stream={}");
    assert_eq!(stray.code, 2);
    assert!(stray.err.contains("--params names `proof-stream`, which is not compared"), "{}", stray.err);
    for line in [
        "--missing 1",
        "--price-core-hour 0",
        "--samples 0",
        "--csv --json",
        "--params x={",
        "--budget-s nan",
    ] {
        assert_eq!(refused(line).code, 2, "{line}");
    }
}

#[test]
fn a_kernel_is_measured_beside_its_reference() {
    let home = Home::new();
    let ran = home.run("bench kernels blake3-xof --repeats 1 --run-ms 1 --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let object = ran.json();
    let kernels = object["kernels"].as_array().unwrap();
    assert_eq!(kernels.len(), 2, "{object}");
    assert_eq!(kernels[0]["reference"], "crate blake3, OutputReader");
    assert!(kernels[0]["bytes_per_cpu_s"].as_f64().unwrap() > 0.0, "{object}");
    assert!(kernels[0]["ratio_to_reference"].as_f64().unwrap() > 0.0, "{object}");
    let names = home.run("bench kernels no-such-kernel");
    assert_eq!(names.code, 2);
    assert!(names.err.contains("no kernel's name holds `no-such-kernel`"), "{}", names.err);
}

/// A plot of five units of 100 bytes; byte i of the region is i / 2.
fn plot_in(home: &Home) {
    let spec = PlotSpec {
        identity: Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) },
        scheme: SchemeTag { name: "halves".into(), plugin: Default::default(), params: Default::default() },
        layout: Layout {
            unit_bytes: 100,
            units: 5,
            region_bytes: 510,
            memory_bytes: 0,
            passes: vec![Pass { name: "fill".into(), units: 5, order: Order::Independent }],
        },
    };
    let path = home.path().join("a.plot");
    let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
    let bytes: Vec<u8> = (0..510u16).map(|i| (i / 2) as u8).collect();
    filling.space().write_at(0, &bytes).unwrap();
    for span in filling.remaining(0) {
        filling.finished(0, span).unwrap();
    }
    filling.seal(None).unwrap();
}

fn refused(ran: &Ran, code: i32, words: &str) {
    assert_eq!(ran.code, code, "{}", ran.all());
    assert!(ran.err.contains(words), "{}", ran.err);
}

#[test]
fn a_unit_is_written_as_it_lies_in_the_plot() {
    let home = Home::new();
    plot_in(&home);
    let expected = |unit: u16| (unit * 100..unit * 100 + 100).map(|i| (i / 2) as u8).collect::<Vec<u8>>();
    let ran = home.run("inspect unit a.plot 0");
    assert_eq!((ran.code, ran.out.as_bytes()), (0, &expected(0)[..]));
    let object = home.run("inspect unit a.plot 4 --out unit.bin --json").json();
    assert_eq!(std::fs::read(home.path().join("unit.bin")).unwrap(), expected(4));
    assert_eq!(object["region_offset_bytes"], 400);
    assert_eq!((&object["scheme"], &object["unit_bytes"]), (&"halves".into(), &100.into()));
    let told = home.run("inspect unit a.plot 1 --out other.bin").out;
    assert_eq!(told, "unit 1 of a.plot, 100 B, is in other.bin\n");
}

#[test]
fn a_unit_that_is_not_there_is_refused() {
    let home = Home::new();
    plot_in(&home);
    home.write("text.plot", "no plot at all");
    refused(&home.run("inspect unit a.plot 5"), 2, "a.plot has no unit 5: it has 5 units, from 0 to 4");
    refused(&home.run("inspect unit a.plot -1"), 2, "unexpected argument");
    refused(&home.run("inspect unit text.plot 0"), 20, "text.plot");
    let missing = home.run("inspect unit missing.plot 0");
    refused(&missing, 10, "there is no plot missing.plot");
    refused(&missing, 10, "name a plot's file: `plimsoll generate` writes one for each entry");
    let there = "cannot write text.plot: it exists: name a new file, or remove it";
    refused(&home.run("inspect unit a.plot 0 --out text.plot"), 21, there);
    let both = home.run("inspect unit a.plot 0 --json");
    assert_eq!(both.code, 2);
    assert!(both.out.contains("a unit is raw bytes"), "{}", both.out);
    assert_eq!(std::fs::read_to_string(home.path().join("text.plot")).unwrap(), "no plot at all");
}

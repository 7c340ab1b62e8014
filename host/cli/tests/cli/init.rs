//! `init`: a file to begin from.

use serde_json::json;

use crate::home::Home;

#[test]
fn a_fresh_file_changes_no_value() {
    let home = Home::new();
    let before = home.run("config show --json").json();
    let ran = home.run("init");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "wrote plimsoll.toml\nedit it, then run: plimsoll config check\n");
    let after = home.run("config show --json").json();
    assert_eq!(after["file"], "plimsoll.toml");
    assert_eq!(after["values"], before["values"]);
    insta::assert_snapshot!(std::fs::read_to_string(home.path().join("plimsoll.toml")).unwrap());
}

#[test]
fn what_is_there_is_overwritten_only_by_force() {
    let home = Home::with("plimsoll.toml", "# mine\n");
    let ran = home.run("init --json");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()["error"]["message"], "plimsoll.toml is there already");
    assert_eq!(std::fs::read_to_string(home.path().join("plimsoll.toml")).unwrap(), "# mine\n");
    let ran = home.run("init --json --force");
    assert_eq!((ran.code, &ran.json()["path"]), (0, &json!("plimsoll.toml")));
    assert_ne!(std::fs::read_to_string(home.path().join("plimsoll.toml")).unwrap(), "# mine\n");
}

#[test]
fn a_folder_gets_the_file_under_its_usual_name() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("conf")).unwrap();
    let ran = home.run("init conf");
    assert_eq!(
        ran.out,
        "wrote conf/plimsoll.toml\nedit it, then run: plimsoll --config conf/plimsoll.toml config check\n"
    );
    let ran = home.run("init nowhere/x.toml");
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "error: cannot write nowhere/x.toml: its folder is missing\n help: make the folder first\n"
    );
}

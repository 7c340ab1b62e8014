//! What the command says of itself.

use crate::home::Home;

fn help(line: &str) -> String {
    let ran = Home::new().run(line);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran.out
}

/// Help without the part that is the same for every verb.
fn own(text: &str) -> &str {
    text.split("\nGlobal options:").next().unwrap()
}

#[test]
fn the_verbs_have_a_line_each() {
    let text = help("--help");
    let (_, global) = text.split_once("\nGlobal options:").unwrap();
    insta::assert_snapshot!("global_options", global);
    insta::assert_snapshot!("verbs", own(&text));
}

#[test]
fn every_verb_explains_itself() {
    for verb in [
        "init",
        "config",
        "config check",
        "wallet",
        "wallet new",
        "bench datasets",
        "bench kernels",
        "bench wire",
        "compare",
        "simulate",
        "simulate explain",
        "inspect",
        "inspect unit",
        "completions",
        "man",
    ] {
        insta::assert_snapshot!(verb.replace(' ', "_"), own(&help(&format!("{verb} --help"))));
    }
}

#[test]
fn completions_come_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(help(&format!("completions {shell}")).contains("plimsoll"), "{shell}");
    }
    let object = Home::new().run("completions fish --json").json();
    assert!(object["script"].as_str().unwrap().contains("complete -c plimsoll"));
}

#[test]
fn the_manual_has_a_page_for_every_verb() {
    let home = Home::new();
    let pages = home.run("man --dir pages --json").json()["pages"].clone();
    let pages: Vec<&str> = pages.as_array().unwrap().iter().map(|page| page.as_str().unwrap()).collect();
    for verb in ["plimsoll", "plimsoll-init", "plimsoll-config-check", "plimsoll-wallet-new", "plimsoll-man"]
    {
        let page = format!("{verb}.1");
        assert!(pages.contains(&page.as_str()), "{page} of {pages:?}");
        assert!(std::fs::read_to_string(home.path().join("pages").join(page)).unwrap().contains(".TH"));
    }
    assert!(help("man").contains(".TH plimsoll 1"));
}

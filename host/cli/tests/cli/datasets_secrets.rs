//! Keys that miners commit to by mistake, in every part of the grammar: no command prints one, no file and no log has one.

use plimsoll_hub::{Repo, Way};

use crate::datasets::{Stage, commit, commit_of, files, rows};

/// What stands in the place of a repository's owner and name, of a competition, of a revision; and what of it is secret.
fn secrets() -> Vec<(String, Vec<&'static str>)> {
    let commit = commit_of("nowhere");
    vec![
        ("AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI:1:main".into(), vec!["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI"]),
        ("owner/hf_QwErTyUiOpAsDfGhJkLzXcVbNm:1:main".into(), vec!["hf_QwErTyUiOpAsDfGhJkLzXcVbNm"]),
        (format!("me/x7k2m9qw4n8r5t3v6z1y:1:{commit}"), vec!["x7k2m9qw4n8r5t3v6z1y"]),
        ("p3Qz8LmV5xT1nB7cK9wR/set:1:main".into(), vec!["p3Qz8LmV5xT1nB7cK9wR"]),
        ("owner/name:sk-live_51HG8vDKj2nE4pQxYz:main".into(), vec!["sk-live_51HG8vDKj2nE4pQxYz"]),
        ("owner/name:j4Kd8sPq2Wm6Zx9Tb3Vn:main".into(), vec!["j4Kd8sPq2Wm6Zx9Tb3Vn"]),
        ("owner/name:1:ghp_0123456789abcdefABCDEF".into(), vec!["ghp_0123456789abcdefABCDEF"]),
        ("owner/name:1:u5Hf1Jr7Nd3Ly9Ec2Ga6".into(), vec!["u5Hf1Jr7Nd3Ly9Ec2Ga6"]),
        ("owner/name:1:Tr0ub4dor&3-horse".into(), vec!["Tr0ub4dor&3-horse"]),
        ("orca/tides:1:correct-horse-battery".into(), vec!["correct-horse-battery"]),
        (
            "key-ASIAIOSFODNN7EXAMPLF-secret-uJblrXUtnFEMIK7MDENG".into(),
            vec!["ASIAIOSFODNN7EXAMPLF", "uJblrXUtnFEMIK7"],
        ),
        ("{\"token\": \"glpat-Ab3dEf6hIj9kLm2n\"}".into(), vec!["glpat-Ab3dEf6hIj9kLm2n"]),
    ]
}

/// Eight bytes in a row of a secret are too many.
fn leak(text: &[u8]) -> Option<&'static str> {
    let parts = secrets().into_iter().flat_map(|(_, parts)| parts);
    let has = |part: &&str| part.as_bytes().windows(8).any(|some| text.windows(8).any(|seen| seen == some));
    parts.into_iter().find(has)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_any_part_of_a_commitment_is_in_no_output_no_log_and_no_file() {
    let secrets = secrets();
    let count = u16::try_from(secrets.len()).unwrap();
    let repo = Repo::with_dataset("orca/tides", &commit_of("tides"), rows(0..9), Way::Plain);
    let drawn = "me/set-7f3a9c2e1b4d8f60a5c7";
    let real = Repo::with_dataset(drawn, &commit_of("drawn"), rows(9..20), Way::Plain);
    let stage = Stage::new(count + 2, [repo, real]).await;
    for (uid, (text, parts)) in (0..).zip(&secrets) {
        assert!(text.len() <= 128 && parts.iter().all(|part| text.contains(part)), "{text}");
        commit(&stage.ledger, uid, text).await;
    }
    commit(&stage.ledger, count, &format!("orca/tides:1:{}", commit_of("tides"))).await;
    commit(&stage.ledger, count + 1, &format!("{drawn}:1:main")).await;

    let mut lines: Vec<String> = [
        "datasets collect --dry-run --log trace",
        "datasets collect --log trace",
        "datasets collect --log trace --log-format json",
        "datasets collect --json",
        "datasets collect --uid 0 --log trace",
        "datasets list",
        "datasets list --json",
        "datasets list --snapshots --json",
        "datasets validate --json",
        "datasets overlap --json",
        "datasets export --sourced",
        "datasets checkout",
        "datasets fsck --deep --json",
        "subnets find --log trace",
        "subnets find --json --offline",
    ]
    .map(str::to_owned)
    .to_vec();
    for uid in 0..count {
        lines.extend([format!("datasets show {uid}"), format!("datasets history {uid} --json")]);
    }
    let mut said = String::new();
    for line in &lines {
        let ran = stage.run(line);
        let text = ran.all();
        // Two of fourteen miners with a dataset that is there are too few for a subnet to be found by.
        assert!(ran.code == 0 || line.starts_with("subnets find"), "{line}\n{text}");
        assert_eq!(leak(text.as_bytes()), None, "{line}\n{text}");
        said.push_str(&text);
        if line.starts_with("datasets collect") && !line.contains("--dry") {
            stage.ledger.advance(1);
        }
    }
    assert!(said.contains("TRACE") && said.contains("untold/21/") && said.contains("untold/23-"), "{said}");
    // What the hub has is told, whatever it looks like.
    assert!(said.contains(drawn) && said.contains("7f3a9c2e1b4d8f60a5c7@main"), "{said}");
    let kept = files(stage.home.path());
    assert!(kept.iter().any(|file| file.extension().is_some_and(|name| name == "pack")), "{kept:?}");
    for file in kept {
        assert_eq!(leak(&std::fs::read(&file).unwrap()), None, "{}", file.display());
    }
    let miners = stage.json("datasets list")["miners"].clone();
    let of = |uid: usize, field: &str| miners[uid][field].as_str().unwrap_or_default().to_owned();
    assert!(of(2, "namespace").starts_with("untold/23-"), "{miners}");
    assert_eq!((of(2, "revision"), of(2, "outcome")), (commit_of("nowhere"), "absent-or-private".into()));
    assert!(of(8, "revision").starts_with("untold/17/") && of(8, "namespace") == "owner/name", "{miners}");
    assert_eq!((of(9, "outcome"), of(9, "namespace")), ("no-revision".into(), "orca/tides".into()));
    for uid in [0, 1, 4, 5, 6, 7] {
        assert_eq!(of(uid, "outcome"), "malformed", "uid {uid}");
    }
}

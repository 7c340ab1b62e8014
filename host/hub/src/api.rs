//! What stands under `/api/datasets`.

use axum::body::Body;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::head::Answer;
use crate::hub::{Request, Serving};
use crate::repo::{Repo, Revision, Way};

/// A repository at a revision.
pub(crate) fn repository(repo: &Repo, revision: Option<&str>) -> Answer {
    let Some(found) = repo.revision(revision.unwrap_or("main")) else { return no_revision() };
    let siblings: Vec<Value> = found.files.keys().map(|name| json!({ "rfilename": name })).collect();
    let private = repo.access == crate::repo::Access::Private;
    let (owner, _) = repo.namespace.split_once('/').unwrap_or_default();
    let shape = json!({
        "id": repo.namespace, "author": owner, "sha": found.commit, "private": private, "siblings": siblings,
    });
    told(&shape).header("x-repo-commit", &found.commit)
}

/// The names at a revision, a page at a time.
pub(crate) fn tree(
    serving: &Serving,
    request: &Request,
    repo: &Repo,
    revision: &str,
    folder: &str,
) -> Answer {
    let Some(found) = repo.revision(revision) else { return no_revision() };
    let entries = entries(serving, repo, found, folder);
    if entries.is_empty() && !folder.is_empty() {
        return Answer::error(404, Some("EntryNotFound"), "Entry not found");
    }
    let from: usize = asked(&request.query, "cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let page = serving.options.page_entries.max(1);
    let shown: Vec<&Value> = entries.iter().skip(from).take(page).collect();
    let answer = told(&json!(shown)).header("x-repo-commit", &found.commit);
    let next = from.saturating_add(page);
    if next >= entries.len() {
        return answer;
    }
    let path = request.path.split('?').next().unwrap_or_default();
    answer.header("link", &format!("<{}{path}?cursor={next}>; rel=\"next\"", serving.hub_address))
}

/// The commits that lead to a revision, newest first.
pub(crate) fn commits(repo: &Repo, revision: &str) -> Answer {
    let Some(found) = repo.revision(revision) else { return no_revision() };
    let older = repo.revisions.iter().skip_while(|other| other.commit != found.commit);
    let listed: Vec<Value> =
        older.map(|commit| json!({ "id": commit.commit, "title": "Upload data.jsonl" })).collect();
    told(&json!(listed))
}

fn entries(serving: &Serving, repo: &Repo, found: &Revision, folder: &str) -> Vec<Value> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
    let mut entries = Vec::new();
    for (name, file) in &found.files {
        if !name.starts_with(&prefix) {
            continue;
        }
        let mut entry =
            json!({ "type": "file", "oid": file.git_sha1, "size": file.bytes.len(), "path": name });
        if let (true, Some(entry)) = (file.way != Way::Plain, entry.as_object_mut()) {
            let lfs = json!({ "oid": file.sha256, "size": file.bytes.len(), "pointerSize": 134 });
            entry.insert("lfs".to_owned(), lfs);
        }
        entries.push(entry);
    }
    if let Some(Fault::HostileNames(names)) = serving.listing_fault(&repo.namespace) {
        let oid = "0".repeat(40);
        entries
            .extend(names.iter().map(|name| json!({ "type": "file", "oid": oid, "size": 1, "path": name })));
    }
    entries
}

fn asked<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn told(value: &Value) -> Answer {
    Answer::of(200).header("content-type", "application/json").with(Body::from(value.to_string()))
}

fn no_revision() -> Answer {
    Answer::error(404, Some("RevisionNotFound"), "Invalid rev id")
}

//! What a path asks for.

/// A request's meaning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A file at a revision.
    File { repo: String, revision: String, path: String },
    /// The bytes of a large file, on the other host.
    Large { repo: String, sha256: String },
    /// A repository, at a revision if one is named.
    Repository { repo: String, revision: Option<String> },
    /// The names at a revision, in a folder if one is named.
    Tree { repo: String, revision: String, folder: String },
    /// The commits that lead to a revision.
    Commits { repo: String, revision: String },
    /// Nothing known.
    Unknown,
}

impl Wish {
    /// Reads a path, which is percent-encoded.
    pub(crate) fn of(path: &str) -> Self {
        let Some(parts) = path.trim_start_matches('/').split('/').map(decoded).collect::<Option<Vec<_>>>()
        else {
            return Self::Unknown;
        };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let repo = |owner: &str, name: &str| format!("{owner}/{name}");
        match parts.as_slice() {
            ["datasets", owner, name, "resolve", revision, rest @ ..] if !rest.is_empty() => {
                Self::File { repo: repo(owner, name), revision: (*revision).to_owned(), path: rest.join("/") }
            }
            ["cdn", owner, name, sha256] => {
                Self::Large { repo: repo(owner, name), sha256: (*sha256).to_owned() }
            }
            ["api", "datasets", owner, name] => Self::Repository { repo: repo(owner, name), revision: None },
            ["api", "datasets", owner, name, "revision", revision] => {
                Self::Repository { repo: repo(owner, name), revision: Some((*revision).to_owned()) }
            }
            ["api", "datasets", owner, name, "tree", revision, rest @ ..] => Self::Tree {
                repo: repo(owner, name),
                revision: (*revision).to_owned(),
                folder: rest.join("/"),
            },
            ["api", "datasets", owner, name, "commits", revision] => {
                Self::Commits { repo: repo(owner, name), revision: (*revision).to_owned() }
            }
            _ => Self::Unknown,
        }
    }

    pub(crate) fn repo(&self) -> Option<&str> {
        match self {
            Self::File { repo, .. }
            | Self::Large { repo, .. }
            | Self::Repository { repo, .. }
            | Self::Tree { repo, .. }
            | Self::Commits { repo, .. } => Some(repo),
            Self::Unknown => None,
        }
    }
}

fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_with_its_escapes() {
        let file = Wish::of("/datasets/a/b/resolve/main/folder/some%20name.jsonl");
        let path = "folder/some name.jsonl".to_owned();
        assert_eq!(file, Wish::File { repo: "a/b".into(), revision: "main".into(), path });
        assert_eq!(Wish::of("/datasets/a/b/resolve/main/%zz"), Wish::Unknown);
        assert_eq!(Wish::of("/elsewhere"), Wish::Unknown);
    }
}

//! Plugins written by hand in WebAssembly text, so that each can misbehave in exactly one way.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use plimsoll_plugin::Kind;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where static bytes begin; below lie the answers, 512 bytes each.
const TEXT_AT: usize = 16 << 10;

/// A plugin of one kind: every function answers something harmless until it is told otherwise.
pub(crate) struct Guest {
    kind: Kind,
    bodies: Vec<(&'static str, String)>,
    answers: Vec<(&'static str, Vec<u8>)>,
    extra: String,
    memory_pages: u32,
    texts: Vec<u8>,
    /// Parts of the description.
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) schema: String,
    pub(crate) references: Vec<String>,
    version: &'static str,
}

impl Guest {
    pub(crate) fn of(kind: Kind) -> Self {
        Self {
            kind,
            bodies: Vec::new(),
            answers: Vec::new(),
            extra: String::new(),
            memory_pages: 2,
            texts: Vec::new(),
            name: "sample".into(),
            summary: "Does one thing.".into(),
            schema: r#"{"type": "object", "additionalProperties": false, "properties": {"level": {"type": "integer", "maximum": 9}}}"#.into(),
            references: Vec::new(),
            version: "0.1.0",
        }
    }

    /// What `function` executes instead of returning its answer: instructions that leave an i32.
    pub(crate) fn body(mut self, function: &'static str, wat: &str) -> Self {
        self.bodies.push((function, wat.to_owned()));
        self
    }

    /// The bytes that `function` returns, laid out as the canonical ABI wants them.
    pub(crate) fn answer(mut self, function: &'static str, bytes: &[u8]) -> Self {
        self.answers.push((function, bytes.to_vec()));
        self
    }

    /// Further fields of the core module: imports first.
    pub(crate) fn with(mut self, wat: &str) -> Self {
        self.extra += wat;
        self
    }

    pub(crate) fn memory_pages(mut self, pages: u32) -> Self {
        self.memory_pages = pages;
        self
    }

    /// Built for another version of the contract.
    pub(crate) fn contract(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Puts `bytes` into the plugin's memory: their place and length.
    pub(crate) fn text(&mut self, bytes: &[u8]) -> (u32, u32) {
        let at = TEXT_AT + self.texts.len();
        self.texts.extend_from_slice(bytes);
        self.texts.resize(self.texts.len().next_multiple_of(8), 0);
        (at as u32, bytes.len() as u32)
    }

    /// The component.
    pub(crate) fn build(mut self) -> Vec<u8> {
        let core = self.core_module();
        let mut module = wat::parse_str(&core).unwrap_or_else(|e| panic!("{e}\n{core}"));
        let resolve = if self.version == "0.1.0" { contract() } else { &contract_of(self.version) };
        let package = *resolve.package_names.iter().find(|(name, _)| name.name == "plugin").unwrap().1;
        let world = resolve.select_world(&[package], Some(self.kind.word())).unwrap();
        embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }

    fn core_module(&mut self) -> String {
        let description = self.description();
        self.answers.push(("describe", description));
        let functions = signatures(self.kind);
        let mut out = format!("(module {} {}\n", self.drops(), self.extra);
        out += &format!("(memory (export \"memory\") {})\n", self.memory_pages);
        out += "(global $heap (mut i32) (i32.const 65536))\n";
        out += "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
            (local $at i32) (local $end i32)
            (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
            (local.set $end (i32.add (local.get $at) (local.get 3)))
            (if (i32.gt_u (local.get $end) (i32.mul (memory.size) (i32.const 65536)))
              (then (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))))
            (global.set $heap (local.get $end)) (local.get $at))\n";
        for (index, (interface, function, params)) in functions.iter().enumerate() {
            let body = self.bodies.iter().rev().find(|(name, _)| name == function);
            let body = body.map_or_else(
                || format!("{} (i32.const {})", drops(function), index * 512 + 512),
                |(_, body)| body.clone(),
            );
            let name = format!("plimsoll:plugin/{interface}@{}#{function}", self.version);
            out += &format!("(func (export \"{name}\") {params} (result i32) {body})\n");
            let answer = self.answers.iter().rev().find(|(name, _)| name == function);
            let answer = answer.map_or_else(|| default_answer(function), |(_, bytes)| bytes.clone());
            assert!(answer.len() <= 512);
            out += &format!("(data (i32.const {}) \"{}\")\n", index * 512 + 512, escaped(&answer));
        }
        out + &format!("(data (i32.const {TEXT_AT}) \"{}\"))", escaped(&self.texts))
    }

    /// A borrowed handle must be dropped before a call ends.
    fn drops(&self) -> String {
        if self.kind != Kind::Proof {
            return String::new();
        }
        let version = self.version;
        let import = |name: &str| {
            format!(
                "(import \"plimsoll:plugin/storage@{version}\" \"[resource-drop]{name}\" (func $drop_{name} (param i32)))"
            )
        };
        import("region") + &import("plot")
    }

    fn description(&mut self) -> Vec<u8> {
        let fields = [self.name.clone(), "1.0.0".into(), self.summary.clone(), "Nothing else.".into()];
        let mut out = Vec::new();
        for field in fields {
            let (at, len) = self.text(field.as_bytes());
            out.extend(words(&[at, len]));
        }
        let references: Vec<u8> = self
            .references
            .clone()
            .iter()
            .map(|line| self.text(line.as_bytes()))
            .flat_map(|(at, len)| words(&[at, len]))
            .collect();
        let (list, _) = self.text(&references);
        let (at, len) = self.text(self.schema.clone().as_bytes());
        out.extend(words(&[list, self.references.len() as u32, at, len]));
        out
    }
}

/// Little-endian words, as answers consist of them.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Each function of a kind: its interface, its name, its flat parameters.
fn signatures(kind: Kind) -> Vec<(&'static str, &'static str, &'static str)> {
    const IDENTITY: &str = "i32 i32 i32 i32 i32";
    let mut all = vec![("lifecycle", "describe", ""), ("lifecycle", "configure", "(param i32 i32)")];
    match kind {
        Kind::Allocation => {
            all.push(("allocation-policy", "allocate", "(param i64 i64 i64 i32 i32)"));
        }
        Kind::Challenge => all.push((
            "challenge-strategy",
            "choose",
            "(param i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)",
        )),
        Kind::Incentive => all.push(("incentive-rule", "weigh", "(param i64 i64 i32 i32 i32 i32 i32 i32)")),
        Kind::Dataset => all.extend([
            ("dataset-source", "decode", "(param i32 i32 i64)"),
            ("dataset-source", "encode", "(param i32 i32 i32 i32 i32 i32)"),
            ("dataset-source", "check-rows", "(param i32 i32 i32 i32)"),
            ("dataset-source", "competition", "(param i32 i32)"),
        ]),
        Kind::Proof => {
            let statement = "i32 i32 i32 i32 i32 i32 i64 i32 i32 i32";
            let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
            all.extend([
                ("proof-scheme", "proves", ""),
                ("proof-scheme", "plan", leaked(format!("(param {IDENTITY} i64)"))),
                ("proof-scheme", "fill", leaked(format!("(param i32 {IDENTITY} i32 i64 i64)"))),
                ("proof-scheme", "commit", leaked(format!("(param i32 {IDENTITY} i32 i64 i64 i64 i32 i32)"))),
                ("proof-scheme", "prove", leaked(format!("(param i32 {statement} i32 i32)"))),
                ("proof-scheme", "draw", leaked(format!("(param {statement} i32 i32 i32 i32 i64 i64)"))),
                ("proof-scheme", "verify", leaked(format!("(param {statement} i32 i32 i32 i32)"))),
            ]);
        }
    }
    all
}

/// What a function that is lent a handle does with it.
fn drops(function: &str) -> &'static str {
    match function {
        "fill" => "(call $drop_plot (local.get 0))",
        "commit" | "prove" => "(call $drop_region (local.get 0))",
        _ => "",
    }
}

/// Ok with nothing in it; `plan` refuses, since an empty plan is a broken promise.
fn default_answer(function: &str) -> Vec<u8> {
    match function {
        "plan" => words(&[1, 0, 2, 0, 0]),
        _ => words(&[0; 8]),
    }
}

pub(crate) fn wit_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

fn contract() -> &'static Resolve {
    static CONTRACT: OnceLock<Resolve> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let mut resolve = Resolve::default();
        resolve.push_dir(wit_dir()).unwrap();
        resolve
    })
}

/// The same contract under another version number.
fn contract_of(version: &str) -> Resolve {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(wit_dir()).unwrap() {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        std::fs::write(folder.path().join(entry.file_name()), text.replace("@0.1.0", &format!("@{version}")))
            .unwrap();
    }
    let mut resolve = Resolve::default();
    resolve.push_dir(folder.path()).unwrap();
    resolve
}

//! How much a plugin may use. Every number has one place, here.

/// Which of a host's two sets of limits holds for a plugin: the first that its file fits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitSet {
    /// Plugins that are compiled to WebAssembly, as those in Rust are.
    Compiled,
    /// Plugins that carry the interpreter of their language, as those in Python do. A host accepts them only
    /// where its operator said so; see [`Limits::interpreted`].
    Interpreted,
}

/// What a plugin may use up, and how much of it.
///
/// Fuel is the clock of a plugin: one unit an executed WebAssembly operation, and for native work as many
/// units as the same time would have bought (about 2.5 units a nanosecond; see [`crate::cost`]). It is the
/// same on every machine, so running out of it is a property of the plugin and never of a slow computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Which set this is.
    pub set: LimitSet,
    /// Bytes of a component file: 8 MiB.
    pub component_bytes: u64,
    /// Functions of a component: 20,000. More is a bomb for the compiler.
    pub functions: u32,
    /// Bytes of one function's code: 128 KiB.
    pub function_bytes: u32,
    /// The squares of all functions' lengths together: 10^10. Register allocation takes time that grows at
    /// worst with the square of a function's length, so this bounds the compiler's time: measured with
    /// functions written against it, some ten seconds of one core. Shipped plugins have about 10^9.
    pub compile_cost: u64,
    /// Linear memory of an instance, all its memories together: 64 MiB.
    pub memory_bytes: usize,
    /// Elements of one table: 10,000.
    pub table_elements: usize,
    /// Bytes that may cross from the plugin to the host in one call: 4 MiB.
    pub crossing_bytes: usize,
    /// Fuel of each kind of call.
    pub fuel: Fuel,
}

/// Fuel of one call, by what is called. A call starts with the full amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fuel {
    /// `describe` and `proves`: 50 million, about 20 ms.
    pub describe: u64,
    /// `configure`: 200 million.
    pub configure: u64,
    /// `plan`: 500 million.
    pub plan: u64,
    /// `fill`: 20 thousand million, about 8 s, *without progress*: every byte stored gives
    /// [`Fuel::fill_per_byte`] back, up to this amount.
    pub fill: u64,
    /// What one stored byte gives back: 1,000.
    pub fill_per_byte: u64,
    /// `commit`, beside native sweeps over the region: 20 thousand million.
    pub commit: u64,
    /// `prove`, beside native sweeps over the region: 10 thousand million.
    pub prove: u64,
    /// `draw`: 500 million.
    pub draw: u64,
    /// `verify`: 5 thousand million, about 2 s.
    pub verify: u64,
    /// `allocate`: 2 thousand million.
    pub allocate: u64,
    /// `choose`: 2 thousand million.
    pub choose: u64,
    /// `weigh`: 2 thousand million.
    pub weigh: u64,
    /// `decode`, `encode` and `competition`: 50 million.
    pub decode: u64,
    /// `check-rows`: 2 thousand million, some 500 for each byte that a call may carry.
    pub check_rows: u64,
    /// How often `fill`, `commit` and `prove` may natively sweep the whole region before the work is charged
    /// to fuel: 4.
    pub sweeps: u64,
}

impl Fuel {
    const fn compiled() -> Self {
        const MILLION: u64 = 1_000_000;
        Self {
            describe: 50 * MILLION,
            configure: 200 * MILLION,
            plan: 500 * MILLION,
            fill: 20_000 * MILLION,
            fill_per_byte: 1_000,
            commit: 20_000 * MILLION,
            prove: 10_000 * MILLION,
            draw: 500 * MILLION,
            verify: 5_000 * MILLION,
            allocate: 2_000 * MILLION,
            choose: 2_000 * MILLION,
            weigh: 2_000 * MILLION,
            decode: 50 * MILLION,
            check_rows: 2_000 * MILLION,
            sweeps: 4,
        }
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Self::compiled()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::compiled()
    }
}

impl Limits {
    /// What every plugin may use, unless it carries an interpreter.
    #[must_use]
    pub const fn compiled() -> Self {
        Self {
            set: LimitSet::Compiled,
            component_bytes: 8 << 20,
            functions: 20_000,
            function_bytes: 128 << 10,
            compile_cost: 10_000_000_000,
            memory_bytes: 64 << 20,
            table_elements: 10_000,
            crossing_bytes: 4 << 20,
            fuel: Fuel::compiled(),
        }
    }

    /// What an interpreter needs more. Measured with a rule in Python: CPython 3.14 is a component of 18.4 MB
    /// with 13,500 functions, the longest of 427 KB, their squares 2.4 x 10^11, and it takes some 8 s of a core to
    /// compile. Weighing 200 miners takes it less than 2 x 10^8 of fuel, some twenty times what a compiled rule takes.
    /// A file written against these limits could keep the compiler busy for minutes, so nobody who
    /// does not ask for it gets them.
    #[must_use]
    pub const fn interpreted() -> Self {
        let compiled = Self::compiled();
        Self {
            set: LimitSet::Interpreted,
            component_bytes: 32 << 20,
            function_bytes: 1 << 20,
            compile_cost: 500_000_000_000,
            memory_bytes: 128 << 20,
            table_elements: 20_000,
            fuel: Fuel {
                choose: 10 * compiled.fuel.choose,
                weigh: 10 * compiled.fuel.weigh,
                ..compiled.fuel
            },
            ..compiled
        }
    }
}

/// Core instances that one plugin may consist of: the componentiser makes three, an interpreter with its libraries
/// has forty.
pub(crate) const fn core_instances(set: LimitSet) -> usize {
    match set {
        LimitSet::Compiled => 16,
        LimitSet::Interpreted => 64,
    }
}
/// Memories of all of them.
pub(crate) const MEMORIES: usize = 4;
/// Tables of all of them.
pub(crate) const TABLES: usize = 8;
/// Modules and components nested in one file.
pub(crate) const NESTED: u32 = 64;

/// The most bytes of a proof.
pub const PROOF_BYTES: usize = 64 << 10;
/// The most bytes of a challenge.
pub const CHALLENGE_BYTES: usize = 64 << 10;
/// The most bytes of an incentive rule's memory.
pub const MEMORY_BLOB_BYTES: usize = 1 << 20;
/// The most bytes of a commitment that is decoded.
pub const COMMITMENT_BYTES: usize = 1 << 10;
/// The most bytes of one line of a dataset.
pub const LINE_BYTES: usize = 1 << 20;
/// The most bytes of the lines of one call.
pub const BATCH_BYTES: usize = 4 << 20;
/// The most lines of one call.
pub const BATCH_LINES: usize = 4096;
/// A reason longer than this is cut.
pub const REASON_BYTES: usize = 512;
/// A log line longer than this is cut.
pub const LOG_BYTES: usize = 4 << 10;
/// Log lines of one call; the rest is counted, not written.
pub const LOG_LINES: u32 = 32;
/// Log lines of all instances of one plugin in ten seconds.
pub const LOG_LINES_A_WINDOW: u32 = 320;
/// The most bytes that one `read`, `read-many`, `write` or `keystream-at` may carry.
pub(crate) const READ_BYTES: u64 = 1 << 20;
/// The most bytes that one native regeneration may cover.
pub(crate) const REGENERATE_BYTES: u32 = 16 << 20;
/// The most elements of a list of extents or leaves.
pub(crate) const LIST_ITEMS: usize = 4096;
/// The most bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 4096;
/// Shares, audits or weights of one answer: one for every uid there can be.
pub(crate) const ANSWER_ITEMS: usize = 1 << 16;
/// Passes of one layout.
pub(crate) const PASSES: usize = 64;
/// Bytes of a parameter schema.
pub(crate) const SCHEMA_BYTES: usize = 64 << 10;

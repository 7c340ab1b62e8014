//! A kernel to measure.

use serde::Serialize;

/// What one call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many bytes.
    Bytes(u64),
    /// So many of something: labels, signatures.
    Items {
        /// How many.
        count: u64,
        /// What they are called, in the plural.
        of: &'static str,
    },
}

impl Amount {
    /// How many of [`Amount::unit`].
    #[must_use]
    pub const fn count(&self) -> u64 {
        match *self {
            Self::Bytes(count) | Self::Items { count, .. } => count,
        }
    }

    /// What is counted.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        match *self {
            Self::Bytes(_) => "bytes",
            Self::Items { of, .. } => of,
        }
    }
}

/// What a kernel should reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// So many times its reference.
    TimesReference(f64),
    /// So many units a CPU-second.
    PerCpuSecond(f64),
}

/// Whether a call did its work.
pub type Done = Result<(), Box<dyn std::error::Error>>;

/// One call, again and again: it owns its buffers, and keeps the compiler from leaving the work out.
pub type Work = Box<dyn FnMut() -> Done>;

/// Work on something that is made at its first call: naming a kernel costs no memory and no time.
pub(super) fn prepared<T: 'static>(
    make: impl Fn() -> Result<T, Box<dyn std::error::Error>> + 'static,
    mut work: impl FnMut(&mut T) -> Done + 'static,
) -> impl FnMut() -> Done {
    let mut made = None;
    move || match &mut made {
        Some(made) => work(made),
        none => work(none.insert(make()?)),
    }
}

/// Work that cannot fail.
pub(super) fn sure(mut work: impl FnMut() + 'static) -> impl FnMut() -> Done {
    move || {
        work();
        Ok(())
    }
}

/// What a kernel is held against: the same work by somebody else.
pub struct Reference {
    /// Whose, with version or repository.
    pub name: String,
    /// Does the same amount.
    pub work: Work,
}

/// One kernel.
pub struct Kernel {
    /// Its name in the table, such as `blake3-xof, units of 64 KiB`.
    pub name: String,
    /// What one call does.
    pub amount: Amount,
    /// One call.
    pub work: Work,
    /// Its reference, where there is one.
    pub reference: Option<Reference>,
    /// What it should reach, where that is laid down.
    pub goal: Option<Goal>,
    /// Whether it starts threads of its own: then the CPU time of the whole process counts.
    pub on_all_cores: bool,
}

impl Kernel {
    /// A kernel of `bytes` a call, without reference and goal.
    #[must_use]
    pub fn of_bytes(name: impl Into<String>, bytes: u64, work: impl FnMut() -> Done + 'static) -> Self {
        Self::new(name, Amount::Bytes(bytes), work)
    }

    /// A kernel of `count` items a call, without reference and goal.
    #[must_use]
    pub fn of_items(
        name: impl Into<String>,
        count: u64,
        of: &'static str,
        work: impl FnMut() -> Done + 'static,
    ) -> Self {
        Self::new(name, Amount::Items { count, of }, work)
    }

    fn new(name: impl Into<String>, amount: Amount, work: impl FnMut() -> Done + 'static) -> Self {
        Self {
            name: name.into(),
            amount,
            work: Box::new(work),
            reference: None,
            goal: None,
            on_all_cores: false,
        }
    }

    /// The same beside a reference.
    #[must_use]
    pub fn against(mut self, name: impl Into<String>, work: impl FnMut() -> Done + 'static) -> Self {
        self.reference = Some(Reference { name: name.into(), work: Box::new(work) });
        self
    }

    /// The same by CPU time of all threads.
    #[must_use]
    pub const fn on_all_cores(mut self) -> Self {
        self.on_all_cores = true;
        self
    }

    /// The same with a goal.
    #[must_use]
    pub const fn reaching(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }
}

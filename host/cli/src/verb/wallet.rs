//! `plimsoll wallet new`, `wallet import` and `wallet show`.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use plimsoll_chain::ChainError;
use plimsoll_chain::wallet::{KeyOrigin, Password, Wallet, WalletProblem};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::flags::WalletFlags;
use crate::global::Global;
use crate::screen;

/// Make a hotkey, or show which one is used
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a new hotkey; one that is there is never overwritten
    New(Flags),
    Import(Import),
    Show(Show),
}

/// Show the addresses of the configured wallet
#[derive(Debug, clap::Args)]
struct Show {
    /// Decrypt the coldkey too, to see that its password is known and that it is the key of its address
    #[arg(long)]
    open_coldkey: bool,

    /// The file with the coldkey's password
    #[arg(long, value_name = "FILE", requires = "open_coldkey")]
    password_file: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,
}

/// Write a key that exists already, from its words or its seed; one that is there is never overwritten
///
/// Neither is taken from the command line, which every process can see: it is asked for, or read from a file.
#[derive(Debug, clap::Args)]
struct Import {
    /// The file with the words, or with the seed as 64 hex digits; only its owner may be able to read it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// It is the coldkey, which no miner or validator needs on its machine
    #[arg(long)]
    coldkey: bool,

    /// The file with the password that the coldkey is encrypted with
    #[arg(long, value_name = "FILE", requires = "coldkey")]
    password_file: Option<PathBuf>,

    /// Write the coldkey unencrypted
    #[arg(long, requires = "coldkey", conflicts_with = "password_file")]
    no_password: bool,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct Flags {
    #[command(flatten)]
    wallet: WalletFlags,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    match &args.what {
        What::New(flags) => new(&configured(flags, global)?, global),
        What::Import(args) => import(args, &configured(&args.flags, global)?, global),
        What::Show(args) => show(args, &configured(&args.flags, global)?, global),
    }
}

fn configured(flags: &Flags, global: &Global) -> Result<Wallet, Failure> {
    let wallet = global.config(&[&flags.wallet])?.wallet;
    Ok(Wallet::at(&wallet.path, &wallet.name, &wallet.hotkey)?)
}

fn new(wallet: &Wallet, global: &Global) -> Result<(), Failure> {
    let made = wallet.create_hotkey()?;
    let (address, file) = (made.keypair.hotkey(), made.file.display().to_string());
    // The words stand in the file; a JSON object ends up in logs, so they are not in there.
    let outcome = json!({
        "name": wallet.name(),
        "hotkey": wallet.hotkey_name(),
        "address": address,
        "file": file,
    });
    global.emit(&outcome, || {
        let words = made.mnemonic.reveal();
        format!("made {address}\nfile {file}\n\nwrite these words down, they are the key:\n  {words}")
    })
}

fn import(args: &Import, wallet: &Wallet, global: &Global) -> Result<(), Failure> {
    let secret = match &args.from {
        Some(path) => screen::read_secret(path)?,
        None => screen::ask_secret(global, "its words, or its seed", "--from")?,
    };
    let is_seed = secret.starts_with("0x") || !secret.contains(char::is_whitespace);
    let origin = if is_seed { KeyOrigin::seed(&secret) } else { KeyOrigin::mnemonic(&secret) };
    let origin = origin.map_err(|problem| Failure::of(Exit::Wallet, &problem))?;
    let written = match args.coldkey {
        true => wallet.import_coldkey(&origin, password(args, global)?.as_ref())?,
        false => wallet.import_hotkey(&origin)?,
    };
    let (address, file) = (written.address, written.file.display().to_string());
    let kind = if args.coldkey { "coldkey" } else { "hotkey" };
    let outcome = json!({
        "name": wallet.name(),
        "kind": kind,
        "hotkey": (!args.coldkey).then(|| wallet.hotkey_name()),
        "address": address,
        "file": file,
        "encrypted": args.coldkey && !args.no_password,
    });
    global.emit(&outcome, || format!("wrote the {kind} {address}\nfile {file}"))
}

/// What the coldkey is encrypted with: asked for twice, since nobody sees what is typed.
fn password(args: &Import, global: &Global) -> Result<Option<Password>, Failure> {
    if args.no_password {
        return Ok(None);
    }
    if let Some(path) = &args.password_file {
        return Ok(Some(Password::from_file(path)?));
    }
    let first = screen::ask_secret(global, "a password for the coldkey", "--password-file")?;
    let again = screen::ask_secret(global, "the same password again", "--password-file")?;
    if *first != *again {
        return Err(Failure::new(Exit::Usage, "the two passwords differ; nothing was written"));
    }
    Password::new(first).map(Some).map_err(|problem| Failure::of(Exit::Wallet, &problem))
}

fn show(args: &Show, wallet: &Wallet, global: &Global) -> Result<(), Failure> {
    let address = wallet.hotkey_address()?;
    let coldkey = wallet.coldkey_address()?;
    // How it is encrypted stands in front of it: nothing is decrypted to show an address.
    let encrypted = wallet.has_coldkey_file().then(|| wallet.coldkey_is_encrypted().ok()).flatten();
    let legacy = if encrypted == Some(true) { legacy(wallet) } else { None };
    let opened = if args.open_coldkey { Some(open(args, wallet, encrypted, global)?) } else { None };
    let usable = wallet.hotkey().err().map(|error| error.to_string());
    let exposed = exposed_folder(wallet);
    let outcome = json!({
        "name": wallet.name(),
        "hotkey": wallet.hotkey_name(),
        "address": address,
        "coldkey_address": coldkey,
        "coldkey_on_this_machine": wallet.has_coldkey_file(),
        "coldkey_encrypted": encrypted,
        "coldkey_opened": opened,
        "file": wallet.hotkey_file().display().to_string(),
        "unusable": usable,
        "coldkey_unreadable": legacy,
        "exposed": exposed,
    });
    global.emit(&outcome, || {
        let coldkey =
            coldkey.map_or_else(|| "unknown: there is no coldkeypub.txt".into(), |key| key.to_string());
        let mut text = format!(
            "wallet   {}\nhotkey   {} {address}\ncoldkey  {coldkey}\nfile     {}",
            wallet.name(),
            wallet.hotkey_name(),
            wallet.hotkey_file().display()
        );
        if let Some(why) = &usable {
            text.push_str(&format!("\n\nthe hotkey cannot sign: {why}"));
        }
        if wallet.has_coldkey_file() {
            let how = match encrypted {
                Some(true) => ", encrypted",
                Some(false) => ", unencrypted",
                None => "",
            };
            text.push_str(&format!(
                "\n\nthe coldkey lies on this machine{how}, where nothing needs it: move it off"
            ));
        }
        if opened.is_some() {
            text.push_str("\nit opens, and is the key of its address");
        }
        for more in legacy.iter().chain(&exposed) {
            text.push_str(&format!("\n\n{more}"));
        }
        text
    })
}

/// Decrypts the coldkey, which proves the password and that the file is whole; its address.
fn open(
    args: &Show,
    wallet: &Wallet,
    encrypted: Option<bool>,
    global: &Global,
) -> Result<plimsoll_core::Hotkey, Failure> {
    let password = match (&args.password_file, encrypted) {
        (Some(path), _) => Some(Password::from_file(path)?),
        (None, Some(true)) => {
            let typed = screen::ask_secret(global, "the password of the coldkey", "--password-file")?;
            Some(Password::new(typed).map_err(|problem| Failure::of(Exit::Wallet, &problem))?)
        }
        (None, _) => None,
    };
    Ok(wallet.coldkey(password.as_ref())?.hotkey())
}

/// That the coldkey is encrypted in a way that is not read any more, and how it is saved again.
fn legacy(wallet: &Wallet) -> Option<String> {
    match wallet.coldkey(None) {
        Err(ChainError::Wallet { problem: problem @ WalletProblem::LegacyColdkey { .. }, .. }) => {
            Some(problem.to_string())
        }
        _ => None,
    }
}

/// Who may look into the wallet's folder beside its owner: nobody should.
fn exposed_folder(wallet: &Wallet) -> Option<String> {
    let folder = wallet.hotkey_file();
    let mut folders = folder.ancestors().skip(1).take(2);
    folders.find_map(|folder| {
        let mode = std::fs::metadata(folder).ok()?.mode() & 0o7777;
        let folder = folder.display();
        let said = format!("others can look into {folder} (mode {mode:04o}): run `chmod 700 {folder}`");
        (mode & 0o077 != 0).then_some(said)
    })
}

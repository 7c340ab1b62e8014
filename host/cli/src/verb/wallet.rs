//! `plimsoll wallet new` and `wallet show`.

use plimsoll_chain::wallet::Wallet;
use serde_json::json;

use crate::exit::Failure;
use crate::flags::WalletFlags;
use crate::global::Global;

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
    /// Show the addresses of the configured wallet
    Show(Flags),
}

#[derive(Debug, clap::Args)]
struct Flags {
    #[command(flatten)]
    wallet: WalletFlags,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    match &args.what {
        What::New(flags) => new(&configured(flags, global)?, global),
        What::Show(flags) => show(&configured(flags, global)?, global),
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

fn show(wallet: &Wallet, global: &Global) -> Result<(), Failure> {
    let address = wallet.hotkey_address()?;
    let coldkey = wallet.coldkey_address()?;
    let usable = wallet.hotkey().err().map(|error| error.to_string());
    let outcome = json!({
        "name": wallet.name(),
        "hotkey": wallet.hotkey_name(),
        "address": address,
        "coldkey_address": coldkey,
        "coldkey_on_this_machine": wallet.has_coldkey_file(),
        "file": wallet.hotkey_file().display().to_string(),
        "unusable": usable,
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
            text.push_str("\n\nthe coldkey lies on this machine, where nothing needs it: move it off");
        }
        text
    })
}

//! A disk in memory, mounted by FUSE, that forgets in a power cut what wasn't synced.
//!
//!     forgetful-fs MOUNT_POINT [--ignore-syncs-under NAME]
//!
//! It says `mounted` once it is, and then does what it is told on stdin, one word a line, and answers with one line each:
//!
//! - `cut`: forgets; answers `forgot F files P pages N names`. What is open can't be used any more.
//! - `sync`: everything is durable; answers `synced`.
//!
//! When stdin ends, by intention or because whoever held it is dead, it unmounts and ends. What it held is gone then.

mod content;
mod disk;
mod mount;

use std::ffi::{CString, OsString};
use std::io::{self, BufRead, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use fuser::{Config, MountOption};

use crate::disk::{Attributes, Disk};
use crate::mount::Mount;

struct Arguments {
    mount_point: PathBuf,
    ignores_syncs_under: Option<OsString>,
}

fn arguments() -> Option<Arguments> {
    let mut given = std::env::args_os().skip(1);
    let mount_point = given.next()?.into();
    let ignores_syncs_under = match given.next() {
        None => None,
        Some(option) if option == "--ignore-syncs-under" => Some(given.next()?),
        Some(_) => return None,
    };
    Some(Arguments { mount_point, ignores_syncs_under })
}

fn root_attributes() -> Attributes {
    let now = SystemTime::now();
    // SAFETY: neither can fail or touches memory.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    Attributes { mode: 0o755, uid, gid, modified: now, changed: now }
}

/// Also while something is open on it.
fn unmount(mount_point: &Path) -> io::Result<()> {
    let path = CString::new(mount_point.as_os_str().as_bytes())?;
    // SAFETY: the path lives until the call returns.
    match unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn obey(mount: &Mount) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let answer = match line?.trim() {
            "cut" => {
                let loss = mount.disk().cut();
                format!("forgot {} files {} pages {} names", loss.files, loss.pages, loss.names)
            }
            "sync" => {
                mount.disk().sync_all();
                "synced".to_owned()
            }
            other => format!("unknown: {other}"),
        };
        say(&answer)?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn run(Arguments { mount_point, ignores_syncs_under }: Arguments) -> io::Result<()> {
    let mount_point = mount_point.canonicalize()?;
    let mount = Mount::new(Disk::new(root_attributes(), ignores_syncs_under));
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("forgetful-fs".into()), MountOption::DefaultPermissions];
    let session = fuser::spawn_mount(mount.clone(), &mount_point, &config)?;
    let obeyed = say("mounted").and_then(|()| obey(&mount));
    unmount(&mount_point)?;
    // Its thread ends with us; what is still open on it gets errors.
    std::mem::forget(session);
    obeyed
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("usage: forgetful-fs MOUNT_POINT [--ignore-syncs-under NAME]");
        return ExitCode::from(2);
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("forgetful-fs: {error}");
            ExitCode::FAILURE
        }
    }
}

//! By the kernel, as databases use it. Needs /dev/fuse and the right to mount.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

const PAGE: usize = 4096;
static NUMBER: AtomicU32 = AtomicU32::new(0);

struct Mounted {
    process: Child,
    said: BufReader<ChildStdout>,
    point: PathBuf,
}

impl Mounted {
    fn new(options: &[&str]) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let point = std::env::temp_dir().join(format!("forgetful-fs-{}-{number}", std::process::id()));
        fs::create_dir(&point).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_forgetful-fs"))
            .arg(&point)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut mounted = Mounted { process, said, point };
        assert_eq!(mounted.answer(), "mounted");
        mounted
    }

    fn tell(&mut self, word: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{word}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.point.join(name)
    }

    /// A file whose name is durable.
    fn file(&self, name: &str, bytes: &[u8]) -> File {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(self.path(name)).unwrap();
        file.write_all_at(bytes, 0).unwrap();
        sync_folder(&self.point);
        file
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
        fs::remove_dir(&self.point).unwrap();
    }
}

fn sync_folder(folder: &Path) {
    File::open(folder).unwrap().sync_all().unwrap();
}

#[test]
fn forgets_what_was_not_synced_and_tells_how_much() {
    let mut disk = Mounted::new(&[]);
    let file = disk.file("data", b"synced");
    file.sync_data().unwrap();
    file.write_all_at(b"FORGOT", 0).unwrap();
    fs::write(disk.path("nameless"), b"x").unwrap();
    assert_eq!(disk.read("data"), b"FORGOT");
    drop(file);
    assert_eq!(disk.tell("cut"), "forgot 2 files 2 pages 1 names");
    assert_eq!(disk.read("data"), b"synced");
    assert!(!disk.path("nameless").exists());
    assert_eq!(disk.tell("cut"), "forgot 0 files 0 pages 0 names");
}

#[test]
fn what_was_open_has_nothing_any_more() {
    let mut disk = Mounted::new(&[]);
    let mut file = disk.file("data", b"synced");
    file.sync_all().unwrap();
    disk.tell("cut");
    assert!(file.write_all(b"more").is_err());
    assert!(file.sync_all().is_err());
    assert_eq!(disk.read("data"), b"synced");
}

#[test]
fn writes_are_synced_where_the_file_was_opened_so() {
    for flag in [libc::O_DSYNC, libc::O_SYNC] {
        let mut disk = Mounted::new(&[]);
        disk.file("data", b"");
        let file = OpenOptions::new().write(true).custom_flags(flag).open(disk.path("data")).unwrap();
        file.write_all_at(b"synced", 0).unwrap();
        drop(file);
        disk.tell("cut");
        assert_eq!(disk.read("data"), b"synced");
    }
}

#[test]
fn mapped_files_are_synced_by_msync() {
    let mut disk = Mounted::new(&[]);
    let file = disk.file("data", &[b'.'; 2 * PAGE]);
    file.sync_all().unwrap();
    // SAFETY: a fresh mapping of two pages of a file that has two, unmapped once, and not used afterwards.
    unsafe {
        let map = libc::mmap(
            ptr::null_mut(),
            2 * PAGE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        );
        assert_ne!(map, libc::MAP_FAILED);
        let bytes = map.cast::<u8>();
        bytes.write(b'1');
        assert_eq!(libc::msync(map, 2 * PAGE, libc::MS_SYNC), 0);
        bytes.add(PAGE).write(b'2');
        assert_eq!(libc::munmap(map, 2 * PAGE), 0);
    }
    drop(file);
    assert_eq!(disk.read("data")[PAGE], b'2');
    disk.tell("cut");
    assert_eq!(disk.read("data")[0], b'1');
    assert_eq!(disk.read("data")[PAGE], b'.');
}

#[test]
fn direct_writes_need_a_sync_too() {
    #[repr(align(4096))]
    struct Aligned([u8; PAGE]);
    let mut disk = Mounted::new(&[]);
    disk.file("data", b"").sync_all().unwrap();
    let file = OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(disk.path("data")).unwrap();
    file.write_all_at(&Aligned([1; PAGE]).0, 0).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(&Aligned([2; PAGE]).0, PAGE as u64).unwrap();
    assert_eq!(disk.read("data").len(), 2 * PAGE);
    drop(file);
    disk.tell("cut");
    assert_eq!(disk.read("data"), [1; PAGE]);
}

#[test]
fn locks_exclude_others() {
    let disk = Mounted::new(&[]);
    let first = disk.file("lock", b"");
    let second = File::open(disk.path("lock")).unwrap();
    first.try_lock().unwrap();
    assert!(second.try_lock().is_err());
    first.unlock().unwrap();
    second.try_lock().unwrap();
}

#[test]
fn space_is_there_and_can_be_reserved() {
    let disk = Mounted::new(&[]);
    let file = disk.file("data", b"");
    // SAFETY: calls by file descriptors that are open, and a struct that statvfs fills.
    unsafe {
        assert_eq!(libc::posix_fallocate(file.as_raw_fd(), 0, 100 << 20), 0);
        let mut space: libc::statvfs = std::mem::zeroed();
        assert_eq!(libc::fstatvfs(file.as_raw_fd(), &raw mut space), 0);
        assert!(space.f_bavail * space.f_frsize > 1 << 30);
    }
    assert_eq!(file.metadata().unwrap().len(), 100 << 20);
}

#[test]
fn a_folder_is_listed_while_it_is_emptied() {
    let disk = Mounted::new(&[]);
    let folder = disk.path("many");
    fs::create_dir(&folder).unwrap();
    for number in 0..2_000 {
        fs::write(folder.join(format!("file-{number}")), b"").unwrap();
    }
    for entry in fs::read_dir(&folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    fs::remove_dir(&folder).unwrap();
}

#[test]
fn appended_and_large_writes_are_read_back() {
    let disk = Mounted::new(&[]);
    let mut file = OpenOptions::new().append(true).create(true).open(disk.path("log")).unwrap();
    let block: Vec<u8> = (0..3_000_001_u32).map(|number| number as u8).collect();
    file.write_all(&block).unwrap();
    file.write_all(b"end").unwrap();
    let mut all = Vec::new();
    File::open(disk.path("log")).unwrap().read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), block.len() + 3);
    assert!(all.starts_with(&block) && all.ends_with(b"end"));
}

#[test]
fn ignores_syncs_where_it_should() {
    let mut disk = Mounted::new(&["--ignore-syncs-under", "journal"]);
    fs::create_dir(disk.path("journal")).unwrap();
    let file = disk.file("journal/log", b"base");
    assert_eq!(disk.tell("sync"), "synced");
    file.write_all_at(b"more", 4).unwrap();
    file.sync_all().unwrap();
    drop(file);
    disk.tell("cut");
    assert_eq!(disk.read("journal/log"), b"base");
}

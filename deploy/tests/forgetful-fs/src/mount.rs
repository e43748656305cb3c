//! The disk as the kernel sees it: requests in, answers out, one at a time.
//!
//! 1. The kernel keeps no names or attributes (its time to live is zero) and writes through: what a process wrote, the disk has.
//! 2. What is mapped and written arrives by msync, munmap or the process's end, as on any file system.
//! 3. Locks are the kernel's own, since there are no requests for them here.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, KernelConfig,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry,
    ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::content::{Content, PAGE_BYTES};
use crate::disk::{Attributes, Disk, Folder, Id, Node, Outcome};

const NOT_KEPT: Duration = Duration::ZERO;
const LARGEST_WRITE_BYTES: u32 = 1 << 20;
const DISK_PAGES: u64 = 64 << (30 - 12);
const LONGEST_NAME: u32 = 255;

/// What a folder had when it was opened: an order in which to go on, whatever is removed meanwhile.
type Listing = Vec<(Id, FileType, OsString)>;

#[derive(Clone)]
pub struct Mount {
    disk: Arc<Mutex<Disk>>,
    listings: Arc<Mutex<HashMap<u64, Listing>>>,
}

impl Mount {
    pub fn new(disk: Disk) -> Self {
        Mount { disk: Arc::new(Mutex::new(disk)), listings: Arc::default() }
    }

    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        locked(&self.disk)
    }

    fn make(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, node: Node) -> Outcome<FileAttr> {
        if name.len() > LONGEST_NAME as usize {
            return Err(Errno::ENAMETOOLONG);
        }
        let now = SystemTime::now();
        let attributes = Attributes {
            mode: (mode & 0o7777) as u16,
            uid: request.uid(),
            gid: request.gid(),
            modified: now,
            changed: now,
        };
        let mut disk = self.disk();
        let id = disk.make(parent.0, name, attributes, node)?;
        disk.refer(id);
        attr(&disk, id)
    }

    fn change(&self, id: Id, change: &Change) -> Outcome<FileAttr> {
        let mut disk = self.disk();
        if let Some(size) = change.size {
            disk.content_mut(id)?.resize(size);
        }
        let attributes = &mut disk.inode_mut(id)?.attributes;
        attributes.changed = SystemTime::now();
        if let Some(mode) = change.mode {
            attributes.mode = (mode & 0o7777) as u16;
        }
        attributes.uid = change.uid.unwrap_or(attributes.uid);
        attributes.gid = change.gid.unwrap_or(attributes.gid);
        match change.modified {
            Some(TimeOrNow::SpecificTime(time)) => attributes.modified = time,
            Some(TimeOrNow::Now) => attributes.modified = attributes.changed,
            None => {}
        }
        attr(&disk, id)
    }

    fn write(&self, id: Id, offset: u64, bytes: &[u8], flags: OpenFlags) -> Outcome {
        let mut disk = self.disk();
        disk.content_mut(id)?.write(offset, bytes);
        // O_SYNC is O_DSYNC and another bit.
        if flags.0 & libc::O_DSYNC != 0 {
            disk.sync_file(id)?;
        }
        Ok(())
    }

    fn allocate(&self, id: Id, offset: u64, length: u64, mode: i32) -> Outcome {
        let mut disk = self.disk();
        let content = disk.content_mut(id)?;
        match mode {
            0 => content.resize(content.size().max(offset + length)),
            libc::FALLOC_FL_KEEP_SIZE => {}
            mode if mode == libc::FALLOC_FL_KEEP_SIZE | libc::FALLOC_FL_PUNCH_HOLE => content.punch(offset, length),
            _ => return Err(Errno::EOPNOTSUPP),
        }
        Ok(())
    }

    fn list(&self, id: Id) -> Outcome<Listing> {
        let disk = self.disk();
        let mut listing: Listing =
            vec![(id, FileType::Directory, ".".into()), (disk.parent(id)?, FileType::Directory, "..".into())];
        for (name, each) in &disk.folder(id)?.live {
            listing.push((*each, kind(&disk.inode(*each)?.node), name.clone()));
        }
        Ok(listing)
    }
}

struct Change {
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
    size: Option<u64>,
    modified: Option<TimeOrNow>,
}

/// Nothing panics in between, so nothing is half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kind(node: &Node) -> FileType {
    match node {
        Node::File(_) => FileType::RegularFile,
        Node::Folder(_) => FileType::Directory,
    }
}

fn attr(disk: &Disk, id: Id) -> Outcome<FileAttr> {
    let inode = disk.inode(id)?;
    let (size, allocated, nlink) = match &inode.node {
        Node::File(content) => (content.size(), content.allocated(), 1),
        Node::Folder(_) => (PAGE_BYTES as u64, PAGE_BYTES as u64, 2),
    };
    let Attributes { mode, uid, gid, modified, changed } = inode.attributes;
    Ok(FileAttr {
        ino: INodeNo(id),
        size,
        blocks: allocated / 512,
        atime: modified,
        mtime: modified,
        ctime: changed,
        crtime: modified,
        kind: kind(&inode.node),
        perm: mode,
        nlink,
        uid,
        gid,
        rdev: 0,
        blksize: PAGE_BYTES as u32,
        flags: 0,
    })
}

/// `reply_by!(reply, outcome, value => answer)`: an answer, or the error.
macro_rules! reply_by {
    ($reply:ident, $outcome:expr, $value:pat => $answer:expr) => {
        match $outcome {
            Ok($value) => $answer,
            Err(error) => $reply.error(error),
        }
    };
}

impl Filesystem for Mount {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // The kernel's own limit where that is smaller.
        let _ = config.set_max_write(LARGEST_WRITE_BYTES);
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut disk = self.disk();
        let found = disk.find(parent.0, name).and_then(|id| {
            disk.refer(id);
            attr(&disk, id)
        });
        reply_by!(reply, found, attr => reply.entry(&NOT_KEPT, &attr, Generation(0)));
    }

    fn forget(&self, _request: &Request, ino: INodeNo, count: u64) {
        self.disk().unrefer(ino.0, count);
    }

    fn getattr(&self, _request: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        reply_by!(reply, attr(&self.disk(), ino.0), attr => reply.attr(&NOT_KEPT, &attr));
    }

    fn setattr(
        &self,
        _request: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _changed: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _created: Option<SystemTime>,
        _change_time: Option<SystemTime>,
        _backed_up: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Change { mode, uid, gid, size, modified };
        reply_by!(reply, self.change(ino.0, &change), attr => reply.attr(&NOT_KEPT, &attr));
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _device: u32,
        reply: ReplyEntry,
    ) {
        if mode & libc::S_IFMT != libc::S_IFREG {
            return reply.error(Errno::EPERM);
        }
        let made = self.make(request, parent, name, mode, Node::File(Content::default()));
        reply_by!(reply, made, attr => reply.entry(&NOT_KEPT, &attr, Generation(0)));
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, _umask: u32, reply: ReplyEntry) {
        let made = self.make(request, parent, name, mode, Node::Folder(Folder::default()));
        reply_by!(reply, made, attr => reply.entry(&NOT_KEPT, &attr, Generation(0)));
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let made = self.make(request, parent, name, mode, Node::File(Content::default()));
        reply_by!(reply, made, attr =>
            reply.created(&NOT_KEPT, &attr, Generation(0), FileHandle(0), FopenFlags::empty()));
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_by!(reply, self.disk().remove_file(parent.0, name), () => reply.ok());
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_by!(reply, self.disk().remove_folder(parent.0, name), () => reply.ok());
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let may_replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        let renamed = self.disk().rename((parent.0, name), (newparent.0, newname), may_replace);
        reply_by!(reply, renamed, () => reply.ok());
    }

    fn read(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let disk = self.disk();
        reply_by!(reply, disk.content(ino.0), content => reply.data(&content.read(offset, size as usize)));
    }

    fn write(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        reply_by!(reply, self.write(ino.0, offset, data, flags), () => reply.written(data.len() as u32));
    }

    fn fallocate(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        reply_by!(reply, self.allocate(ino.0, offset, length, mode), () => reply.ok());
    }

    fn flush(&self, _request: &Request, _ino: INodeNo, _fh: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        // close(2) makes nothing durable.
        reply.ok();
    }

    fn fsync(&self, _request: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        reply_by!(reply, self.disk().sync_file(ino.0), () => reply.ok());
    }

    fn fsyncdir(&self, _request: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        reply_by!(reply, self.disk().sync_folder(ino.0), () => reply.ok());
    }

    fn opendir(&self, request: &Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        let handle = request.unique().0;
        reply_by!(reply, self.list(ino.0), listing => {
            locked(&self.listings).insert(handle, listing);
            reply.opened(FileHandle(handle), FopenFlags::empty());
        });
    }

    fn readdir(&self, _request: &Request, _ino: INodeNo, fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listings = locked(&self.listings);
        let Some(listing) = listings.get(&fh.0) else {
            return reply.error(Errno::EBADF);
        };
        for (index, (id, kind, name)) in listing.iter().enumerate().skip(offset as usize) {
            if reply.add(INodeNo(*id), index as u64 + 1, *kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(&self, _request: &Request, _ino: INodeNo, fh: FileHandle, _flags: OpenFlags, reply: ReplyEmpty) {
        locked(&self.listings).remove(&fh.0);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        let free = DISK_PAGES;
        reply.statfs(DISK_PAGES, free, free, 1 << 20, 1 << 20, PAGE_BYTES as u32, LONGEST_NAME, PAGE_BYTES as u32);
    }
}

using System.Buffers.Binary;
using System.Numerics;
using MongoDB.Bson;
using Relaybox.MongoDouble.Wire;

namespace Relaybox.MongoDouble.Storage;

/// <summary>
/// Every commit in a file: length, checksum, BSON. A commit is handed to the operating system before it is answered, so that it outlives this
/// process; it need not outlive the machine.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int HeaderBytes = 8;
    private readonly string _name;
    private FileStream _file;

    public Journal(string folder)
    {
        Directory.CreateDirectory(folder);
        _name = Path.Combine(folder, "journal.bson");
        _file = Open(_name);
    }

    public void Append(Commit commit) => Append(_file, CommitFormat.Write(commit).ToBson());

    /// <summary>What the file holds, in order; a torn end is cut off.</summary>
    /// <param name="keep">How many of the newest commits have to stay as they are.</param>
    /// <param name="replay">Takes a commit.</param>
    /// <param name="state">
    /// All that was replayed so far, as commits. Where the file holds more than twice as many commits as have to stay, it is written anew with
    /// this in place of the older ones.
    /// </param>
    public void Replay(int keep, Action<Commit> replay, Func<IEnumerable<Commit>> state)
    {
        var frames = Count();
        var cut = frames > 2L * keep ? frames - keep : -1;
        FileStream? anew = null;
        _file.Position = 0;
        for (var i = 0; ReadFrame() is { } bytes; i++)
        {
            if (i == cut)
            {
                File.Delete(_name + ".new");
                anew = Open(_name + ".new");
                foreach (var commit in state())
                {
                    Append(anew, CommitFormat.Write(commit).ToBson());
                }
            }

            if (anew is not null)
            {
                Append(anew, bytes);
            }

            replay(CommitFormat.Read(WireReader.Document(bytes, 0, bytes.Length)));
        }

        if (anew is not null)
        {
            File.Move(_name + ".new", _name, overwrite: true);
            _file.Dispose();
            _file = anew;
        }
    }

    public void Dispose() => _file.Dispose();

    private static void Append(FileStream file, byte[] body)
    {
        var frame = new byte[HeaderBytes + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), Checksum(body));
        body.CopyTo(frame, HeaderBytes);
        file.Write(frame);
    }

    // Not shared: a second server on the same files would ruin them.
    private static FileStream Open(string name) => new(name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    private int Count()
    {
        var frames = 0;
        _file.Position = 0;
        var end = 0L;
        while (ReadFrame() is not null)
        {
            frames++;
            end = _file.Position;
        }

        _file.SetLength(end);
        return frames;
    }

    private byte[]? ReadFrame()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (_file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length < 5 || length > _file.Length - _file.Position)
        {
            return null;
        }

        var body = new byte[length];
        _file.ReadExactly(body);
        return Checksum(body) == BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) ? body : null;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var single in bytes)
        {
            sum = BitOperations.Crc32C(sum, single);
        }

        return ~sum;
    }
}

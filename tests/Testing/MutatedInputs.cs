using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Relaybox.Testing;

/// <summary>
/// Gives a reader a great many mutations of good inputs: each must be read or refused, in memory that is bounded by its size,
/// and without end there is no success. The same number gives the same input.
/// </summary>
public static class MutatedInputs
{
    /// <summary>How many inputs each test project gives its readers: a million in all.</summary>
    public const int OfShared = 800_000;

    /// <inheritdoc cref="OfShared"/>
    public const int OfFunctions = 200_000;

    // What reading may take: text is twice its bytes, and is copied more than once; an error has a stack.
    private const long BytesPerByte = 64;
    private const long BytesPerInput = 128 * 1024;

    private const int LongestInput = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "\r\n", "\n", "\0", " ", "\t", "\"", "\\", "{", "}", "[", "]", ":", ",", "null", "true", "-",
            "1e400", "18446744073709551616", "\"\"", "{}", "\\ud800", "\\udc00\\ud800", "\\u0000", "\uFEFF",
            "é", "\U0001F680", "NATS/1.0", "MSG ", "HMSG ", "-ERR", "\"id\":", "\"specversion\":", "//", "/*",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    ];

    /// <summary>Gives them to a reader.</summary>
    /// <param name="what">What is read, for people.</param>
    /// <param name="seeds">Good inputs.</param>
    /// <param name="count">How many mutations.</param>
    /// <param name="read">Reads one, and says whether it was taken; anything that it throws is a failure.</param>
    public static async Task GiveAsync(string what, IReadOnlyList<string> seeds, int count, Func<byte[], bool> read)
    {
        var good = seeds.Select(Encoding.UTF8.GetBytes).ToArray();
        var number = -1;
        var reading = Task.Run(() => Give(what, good, count, read, i => Volatile.Write(ref number, i)));
        try
        {
            await reading.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{what}: input {Volatile.Read(ref number)} was not read in {Patience}.");
        }
    }

    private static void Give(string what, byte[][] seeds, int count, Func<byte[], bool> read, Action<int> begin)
    {
        foreach (var seed in seeds)
        {
            // What is made once is not the input's.
            Require(read(seed), $"{what}: a good input was refused: {Encoding.UTF8.GetString(seed)}");
        }

        var time = Stopwatch.StartNew();
        var (taken, refused, most) = (0, 0, 0L);
        for (var i = 0; i < count; i++)
        {
            begin(i);
            var input = Mutate(seeds, new Random(i));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                _ = read(input) ? taken++ : refused++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"{what}: input {i} was neither read nor refused: {Convert.ToHexString(input.AsSpan(0, Math.Min(input.Length, 2_000)))}", e);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (IsTooMuch(allocated))
            {
                // The first input of its kind also pays for what is made once, such as the texts of an exception.
                before = GC.GetAllocatedBytesForCurrentThread();
                _ = read(input);
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }

            most = Math.Max(most, allocated);
            if (IsTooMuch(allocated))
            {
                Require(
                    false,
                    $"{what}: input {i} has {input.Length} bytes, and took {allocated}: "
                    + $"{Convert.ToHexString(input.AsSpan(0, Math.Min(input.Length, 200)))}");
            }

            bool IsTooMuch(long bytes) => bytes > BytesPerInput + (BytesPerByte * input.Length);
        }

        Figures.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"mutated {what,-24} {count,7} inputs: {taken,6} taken, {refused,6} refused, "
            + $"at most {most / 1024,5} KiB each, {time.Elapsed.TotalSeconds:0.0} s"));
        Require(taken > count / 1_000 && refused > count / 1_000, $"{what}: {taken} taken and {refused} refused are not both of them.");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private static byte[] Mutate(byte[][] seeds, Random random)
    {
        var bytes = seeds[random.Next(seeds.Length)].ToList();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 20), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 5:
                    var other = seeds[random.Next(seeds.Length)];
                    bytes.InsertRange(at, other.AsSpan(random.Next(other.Length)));
                    break;
                case 6 when random.Next(30) == 0:
                    Repeat(bytes, at, length, random.Next(200) == 0 ? LongestInput : 1_024);
                    break;
                default:
                    bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                    break;
            }
        }

        return [.. bytes];
    }

    // Depth, long lists and long names come of a little that is there very often.
    private static void Repeat(List<byte> bytes, int at, int length, int longest)
    {
        var piece = bytes.GetRange(at, length).ToArray();
        var repeated = new byte[Math.Max(0, longest - bytes.Count) / length * length];
        for (var i = 0; i < repeated.Length; i += length)
        {
            piece.CopyTo(repeated, i);
        }

        bytes.InsertRange(at, repeated);
    }
}

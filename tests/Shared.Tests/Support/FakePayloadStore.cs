using System.Collections.Concurrent;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Support;

/// <summary>Payloads in memory, with the failures that a test asks for.</summary>
internal sealed class FakePayloadStore(string bucket = FakePayloadStore.DefaultBucket) : IPayloadStore
{
    internal const string DefaultBucket = "test-payloads";

    private int _gets;
    private int _getting;
    private int _mostAtOnce;

    public string Bucket => bucket;

    internal ConcurrentDictionary<string, byte[]> Objects { get; } = new();

    /// <summary>Why the store is away; null: it is there.</summary>
    internal Exception? Away { get; set; }

    /// <summary>Awaited by each call to store before anything is stored.</summary>
    internal Func<CancellationToken, Task>? BeforePut { get; set; }

    /// <summary>Awaited by each call to read.</summary>
    internal Func<CancellationToken, Task>? BeforeGet { get; set; }

    internal int Gets => _gets;

    internal int MostAtOnce => _mostAtOnce;

    internal static PayloadStoreException Outage => new("S3 cannot be used (a test says so).", isMissing: false);

    public async Task PutAsync(PayloadReference reference, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (BeforePut is { } before)
        {
            await before(cancellationToken);
        }

        if (Away is { } away)
        {
            throw away;
        }

        Objects[reference.Key] = payload.ToArray();
    }

    public async Task<ReadOnlyMemory<byte>> GetAsync(PayloadReference reference, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _gets);
        InterlockedMax(ref _mostAtOnce, Interlocked.Increment(ref _getting));
        try
        {
            if (BeforeGet is { } before)
            {
                await before(cancellationToken);
            }

            return Away is { } away ? throw away
                : Objects.TryGetValue(reference.Key, out var payload) ? payload
                : throw new PayloadStoreException("There is no such object.", isMissing: true);
        }
        finally
        {
            Interlocked.Decrement(ref _getting);
        }
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}

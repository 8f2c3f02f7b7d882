using System.Globalization;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>For which version and how many buckets Setup has run: a hash in each bucket, at which every script that writes looks.</summary>
internal static class RedisSchema
{
    /// <summary>The version of this build.</summary>
    internal const int Version = 1;

    private const string VersionField = "version";
    private const string BucketsField = "buckets";

    /// <exception cref="RedisSchemaException">Setup has not run, or not for this version and this number of buckets.</exception>
    internal static async Task RequireAsync(IDatabase database, RedisOptions options, CancellationToken cancellationToken)
    {
        foreach (var found in await ReadAsync(database, options, cancellationToken))
        {
            switch (found)
            {
                case null:
                    throw new RedisSchemaException(
                        $"The keys of the outbox with the prefix '{options.KeyPrefix}' are missing. Invoke the Setup function.")
                    {
                        IsMissing = true,
                    };
                case { Version: > Version }:
                    throw Newer(found.Value.Version);
                case { Version: < Version }:
                    throw new RedisSchemaException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"The keys of the outbox are those of version {found.Value.Version}; this build needs version {Version}. "
                        + $"Invoke the Setup function."));
                case { } other when other.Buckets != options.Buckets:
                    throw OtherBuckets(other.Buckets, options.Buckets);
            }
        }
    }

    /// <summary>Makes what is missing.</summary>
    /// <returns>How many buckets were made or changed.</returns>
    /// <exception cref="RedisSchemaException">The keys are those of a newer version, or divided into another number of buckets.</exception>
    internal static async Task<int> CreateAsync(IDatabase database, RedisOptions options, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(database, options, cancellationToken);
        foreach (var bucket in found)
        {
            if (bucket is { Version: > Version and var newer })
            {
                throw Newer(newer);
            }
        }

        // The first bucket is made last: what it says is what all of them have.
        if (found[0] is { } first && first.Buckets != options.Buckets)
        {
            throw OtherBuckets(first.Buckets, options.Buckets);
        }

        var made = 0;
        for (var number = options.Buckets - 1; number >= 0; number--)
        {
            if (found[number] != (Version, options.Buckets))
            {
                await database.HashSetAsync(
                    new Bucket(options.KeyPrefix, number).Schema,
                    [new HashEntry(VersionField, Version), new HashEntry(BucketsField, options.Buckets)],
                    CommandFlags.DemandMaster).WaitAsync(cancellationToken);
                made++;
            }
        }

        return made;
    }

    /// <summary>What a script says that does not find what it needs.</summary>
    internal static RedisSchemaException Refused(RedisServerException refusal)
    {
        var isMissing = refusal.Message.Contains("version none", StringComparison.Ordinal);
        return new RedisSchemaException(
            isMissing
                ? "The keys of the outbox are missing. Invoke the Setup function."
                : "The keys of the outbox are those of another version of Relaybox, or of another number of buckets (REDIS_BUCKETS).",
            refusal)
        {
            IsMissing = isMissing,
        };
    }

    private static async Task<(int Version, int Buckets)?[]> ReadAsync(IDatabase database, RedisOptions options, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(Bucket.All(options).Select(
            bucket => database.HashGetAsync(bucket.Schema, [VersionField, BucketsField], CommandFlags.DemandMaster))).WaitAsync(cancellationToken);
        return [.. answers.Select(fields => fields[0].IsNull || fields[1].IsNull ? ((int, int)?)null : ((int)fields[0], (int)fields[1]))];
    }

    private static RedisSchemaException Newer(int version) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"The keys of the outbox are those of version {version}, which is newer than this build's ({Version}). Deploy the newer build."));

    private static RedisSchemaException OtherBuckets(int made, int wanted) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"The keys of the outbox are divided into {made} buckets, and REDIS_BUCKETS says {wanted}. Set it to {made}; for another number, give the "
        + $"outbox another prefix (REDIS_KEY_PREFIX), and let the old one run empty first."));
}

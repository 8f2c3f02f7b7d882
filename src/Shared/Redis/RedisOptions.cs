using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.Redis;

/// <summary>How outbox, inbox and jobs lie in Redis.</summary>
public sealed record RedisOptions
{
    /// <summary>The most buckets.</summary>
    public const int MaxBuckets = 256;

    /// <summary>
    /// The first part of every key, and of the hash tag of every bucket: <c>{relaybox:0}</c>. Default: <c>relaybox</c>. One server can
    /// hold several sets of keys. Letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, at most 55, beginning with a letter or <c>_</c>.
    /// </summary>
    /// <exception cref="SettingsException">The prefix may not be used.</exception>
    public string KeyPrefix
    {
        get;
        init => field = Bucket.IsPrefix(value)
            ? value
            : throw new SettingsException([$"The key prefix is not valid: it must be {Bucket.PrefixForm}."]);
    } = "relaybox";

    /// <summary>
    /// Into how many buckets the rows and records are divided, 1 to <see cref="MaxBuckets"/>. All keys of a bucket have one hash tag, so
    /// that they are in one slot of a cluster; more buckets use more of its primaries. Default: 1. Every program that works on the same
    /// keys needs the same number; Setup remembers it.
    /// </summary>
    /// <exception cref="SettingsException">The number is not possible.</exception>
    public int Buckets
    {
        get;
        init => field = value is >= 1 and <= MaxBuckets
            ? value
            : throw new SettingsException([$"There can be 1 to {MaxBuckets} buckets, not {value}."]);
    } = 1;

    /// <summary>
    /// What becomes of an outbox row that was sent. Default: it is kept for the retention. <see cref="AfterSending.Archive"/> is not
    /// possible here.
    /// </summary>
    /// <exception cref="SettingsException">It is <see cref="AfterSending.Archive"/>.</exception>
    public AfterSending AfterSending
    {
        get;
        init => field = value != AfterSending.Archive
            ? value
            : throw new SettingsException(["Redis has no partitions to drop: sent rows can be kept or deleted, not archived."]);
    } = AfterSending.Keep;
}

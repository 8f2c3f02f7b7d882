using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>How outbox, inbox and jobs lie in a MongoDB database. One database can hold several sets of collections.</summary>
public sealed record MongoOptions
{
    /// <summary>
    /// The outbox's collection. Default: <c>outbox</c>. The counters of the ordering keys are in the collection of the same name with
    /// <c>_keys</c>.
    /// </summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string OutboxCollection { get; init => field = MongoNames.RequireCollection("The outbox's collection", value); } = "outbox";

    /// <summary>
    /// The inbox's collection. Default: <c>inbox</c>. Renewed leases are in the collection of the same name with <c>_leases</c>.
    /// </summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string InboxCollection { get; init => field = MongoNames.RequireCollection("The inbox's collection", value); } = "inbox";

    /// <summary>The collection of the maintenance jobs. Default: <c>jobs</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string JobsCollection { get; init => field = MongoNames.RequireCollection("The jobs' collection", value); } = "jobs";

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
            : throw new SettingsException(["MongoDB has no partitions to drop: sent rows can be kept or deleted, not archived."]);
    } = AfterSending.Keep;

    /// <summary>The counters of the ordering keys.</summary>
    internal string KeysCollection => $"{OutboxCollection}_keys";

    /// <summary>The leases that were renewed.</summary>
    internal string LeasesCollection => $"{InboxCollection}_leases";

    /// <summary>What Setup has made, and for which version.</summary>
    internal string SchemaCollection => $"{OutboxCollection}_schema";

    /// <summary>Every collection, in the order in which Setup makes them.</summary>
    internal IReadOnlyList<string> Collections =>
        [OutboxCollection, KeysCollection, InboxCollection, LeasesCollection, JobsCollection, SchemaCollection];
}

using Relaybox.Testing;

namespace Relaybox.KillProbe;

/// <summary>The steps of handling a message at which the process can be killed, in their order.</summary>
public static class Steps
{
    public const string None = "none";
    public const string HandlerBegun = "handler-begun";
    public const string TransactionBegun = "transaction-begun";
    public const string Written = "written";
    public const string Emitted = "emitted";
    public const string Consumed = "consumed";

    private const string Claim = "_claim\"(";

    // With the emitted events and the mark, in one message.
    private const string Commit = "COMMIT\0";

    /// <summary>The steps on the wire.</summary>
    public static IReadOnlyDictionary<string, (string Text, PostgresProxy.Moment Moment)> Wire { get; } =
        new Dictionary<string, (string, PostgresProxy.Moment)>
        {
            ["claim-not-sent"] = (Claim, PostgresProxy.Moment.NotSent),
            ["claim-sent"] = (Claim, PostgresProxy.Moment.Sent),
            ["claim-answered"] = (Claim, PostgresProxy.Moment.Answered),
            ["commit-not-sent"] = (Commit, PostgresProxy.Moment.NotSent),
            ["commit-sent"] = (Commit, PostgresProxy.Moment.Sent),
            ["commit-answered"] = (Commit, PostgresProxy.Moment.Answered),
        };
}

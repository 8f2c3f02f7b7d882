using Relaybox.Testing;

namespace Relaybox.KillProbe;

/// <summary>The steps on MongoDB's wire at which the process can be killed; those in the process are the same as everywhere.</summary>
public static class MongoSteps
{
    // Only a claim writes when a message was received first, only a mark when it was processed, and only a counter has its last number.
    // Before a name stands its value's type: a 64-bit number.
    private const string Claim = "receivedAt";
    private const string Counter = "\u0012last\0";
    private const string Row = "\u0012orderNumber\0";
    private const string Mark = "processedAt";
    private const string Commit = "commitTransaction";

    /// <summary>The steps on the wire.</summary>
    public static IReadOnlyDictionary<string, (string Text, MongoProxy.Moment Moment)> Wire { get; } =
        new Dictionary<string, (string, MongoProxy.Moment)>
        {
            ["claim-not-sent"] = (Claim, MongoProxy.Moment.NotSent),
            ["claim-sent"] = (Claim, MongoProxy.Moment.Sent),
            ["claim-answered"] = (Claim, MongoProxy.Moment.Answered),
            ["counter-answered"] = (Counter, MongoProxy.Moment.Answered),
            ["row-answered"] = (Row, MongoProxy.Moment.Answered),
            ["mark-sent"] = (Mark, MongoProxy.Moment.Sent),
            ["mark-answered"] = (Mark, MongoProxy.Moment.Answered),
            ["commit-not-sent"] = (Commit, MongoProxy.Moment.NotSent),
            ["commit-sent"] = (Commit, MongoProxy.Moment.Sent),
            ["commit-answered"] = (Commit, MongoProxy.Moment.Answered),
        };
}

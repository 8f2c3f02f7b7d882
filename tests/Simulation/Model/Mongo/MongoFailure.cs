namespace Relaybox.Simulation.Model;

/// <summary>A failed command, as the driver shows it: with the server's code and the label that says what may be repeated.</summary>
/// <param name="code">The server's code; 0 where no answer came.</param>
/// <param name="label">The label, if the failure has one.</param>
internal sealed class MongoFailure(int code, string? label = null) : Exception($"error {code} {label}")
{
    internal const string TransientTransaction = "TransientTransactionError";
    internal const string UnknownCommit = "UnknownTransactionCommitResult";
    internal const int NoAnswer = 0;
    internal const int WriteConflict = 112;
    internal const int NotPrimary = 10107;
    internal const int NoSuchTransaction = 251;
    internal const int DuplicateKey = 11000;
    internal const int TokenRefused = 280;
    internal const int HistoryLost = 286;

    internal int Code { get; } = code;

    /// <summary>Whether the whole transaction can be run again; nothing of it is there.</summary>
    internal bool EndsTransaction => label == TransientTransaction;

    /// <summary>Whether nobody knows if the transaction is there.</summary>
    internal bool IsUnknownCommit => label == UnknownCommit;

    /// <summary>Whether the same call can succeed later.</summary>
    internal bool IsTransient => EndsTransaction || Code is NoAnswer or NotPrimary or WriteConflict;

    /// <summary>The name of an error that ends a transaction for good; null for every other one.</summary>
    internal static string? NameOfRefusal(Exception exception) => exception is MongoFailure { Code: DuplicateKey } ? "DuplicateKey" : null;
}

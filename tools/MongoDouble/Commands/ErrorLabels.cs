namespace Relaybox.MongoDouble.Commands;

/// <summary>The labels that the server adds by itself.</summary>
internal static class ErrorLabels
{
    private static readonly HashSet<int> Retryable = [6, 7, 89, 91, 134, 189, 262, 358, 9001, 10107, 11600, 11602, 13435, 13436];
    private static readonly HashSet<int> Transient = [24, 112, 239, 246, 267];
    private static readonly HashSet<int> Resumable =
        [6, 7, 43, 63, 89, 91, 133, 150, 189, 234, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436];

    /// <summary>Whether a caller who sees the error may run the transaction again.</summary>
    public static bool IsTransient(int code, bool endsTransaction, bool hasWriteConcernError) =>
        Transient.Contains(code)
        || (code == 251 && !(endsTransaction && hasWriteConcernError))
        || (!endsTransaction && Retryable.Contains(code));

    /// <summary>The labels of a failed command, or of a write concern error.</summary>
    /// <param name="context">The command; null where it could not be read.</param>
    /// <param name="definition">What it is.</param>
    /// <param name="code">The error; 0: the command itself went well.</param>
    /// <param name="concernCode">The write concern error; 0: none.</param>
    public static IEnumerable<string> For(CommandContext context, CommandDefinition definition, int code, int concernCode)
    {
        var inTransaction = context.Command.Contains("txnNumber") && context.Command.Contains("autocommit");
        var ends = definition.Has(CommandTraits.EndsTransaction);
        if (inTransaction && code != 0 && IsTransient(code, ends, concernCode != 0))
        {
            yield return ServerErrors.TransientTransactionError;
        }

        var retryable = context.Command.Contains("txnNumber") && (ends || (!inTransaction && definition.Has(CommandTraits.Retryable)));
        if (retryable && (Retryable.Contains(code) || Retryable.Contains(concernCode)))
        {
            yield return ServerErrors.RetryableWriteError;
        }

        if (Resumable.Contains(code) && IsOfChangeStream(context))
        {
            yield return "ResumableChangeStreamError";
        }
    }

    private static bool IsOfChangeStream(CommandContext context) => context.Name switch
    {
        "aggregate" => context.Command.GetValue("pipeline", 0) is MongoDB.Bson.BsonArray { Count: > 0 } stages
            && stages[0] is MongoDB.Bson.BsonDocument stage && stage.Contains("$changeStream"),
        "getMore" => context.Command[0].IsNumeric && context.Server.Cursors.IsChangeStream(context.Command[0].ToInt64()),
        _ => false,
    };
}

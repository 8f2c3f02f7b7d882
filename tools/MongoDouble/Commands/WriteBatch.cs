using MongoDB.Bson;
using Relaybox.MongoDouble.Sessions;

namespace Relaybox.MongoDouble.Commands;

/// <summary>Executes the statements of a batch one by one, and gathers their errors.</summary>
internal sealed class WriteBatch(CommandContext context)
{
    private static readonly HashSet<int> EndsCommand = [50, 91, 112, 189, 251, 10107, 11600, 11601, 11602];

    private readonly BsonArray _errors = [];
    private readonly BsonArray _retried = [];

    /// <summary>Executes the statements; the answers of those that went well are passed on with their index.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="execute">Executes the statement with this index.</param>
    /// <param name="done">Takes its answer.</param>
    public void Run(int count, Func<int, BsonDocument> execute, Action<int, BsonDocument> done)
    {
        var ordered = context.Flag("ordered", true);
        for (var i = 0; i < count; i++)
        {
            var statement = Statement.Number(context, i);
            if (context.RetryNumber is not null && context.Session!.Statements.ContainsKey(statement))
            {
                _retried.Add(statement);
            }

            try
            {
                done(i, execute(i));
            }
            catch (ServerException exception) when (!EndsCommand.Contains(exception.Code))
            {
                var error = new BsonDocument { { "index", i }, { "code", exception.Code } };
                error.Merge(exception.Details);
                error["errmsg"] = exception.Message;
                _errors.Add(error);
                if (context.Transaction is { State: TransactionState.InProgress })
                {
                    context.Server.Sessions.Abort(context.Session!);
                    return;
                }

                if (ordered)
                {
                    return;
                }
            }
        }
    }

    public BsonDocument Answer(BsonDocument answer)
    {
        if (_errors.Count > 0)
        {
            answer["writeErrors"] = _errors;
        }

        if (_retried.Count > 0)
        {
            answer["retriedStmtIds"] = _retried;
        }

        return answer;
    }

    public static void CheckCount(int count)
    {
        if (count is < 1 or > InsertCommand.MaxBatch)
        {
            throw new ServerException(
                16, "InvalidLength", $"Write batch sizes must be between 1 and {InsertCommand.MaxBatch}. Got {count} operations.");
        }
    }
}

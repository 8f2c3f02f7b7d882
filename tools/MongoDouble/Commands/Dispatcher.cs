using MongoDB.Bson;
using Relaybox.MongoDouble.Sessions;
using Relaybox.MongoDouble.Users;
using Relaybox.MongoDouble.Wire;

namespace Relaybox.MongoDouble.Commands;

/// <summary>Executes commands and forms their answers.</summary>
internal sealed class Dispatcher(DoubleServer server)
{
    private static readonly HashSet<string> GenericFields = new(StringComparer.Ordinal)
    {
        "$db", "lsid", "$clusterTime", "$readPreference", "txnNumber", "autocommit", "startTransaction", "readConcern", "writeConcern",
        "maxTimeMS", "comment", "apiVersion", "apiStrict", "apiDeprecationErrors", "stmtId", "stmtIds", "$audit", "$client", "isHelloOk",
        "helloOk", "maxTimeMSOpOnly", "mayBypassWriteBlocking",
    };

    private readonly TransactionRules _rules = new(server);

    public DoubleServer Server => server;

    /// <summary>The answer; null: the connection is closed.</summary>
    public BsonDocument? Execute(WireConnection connection, BsonDocument command)
    {
        if (command.ElementCount == 0 || command.GetValue("$db", BsonNull.Value) is not BsonString)
        {
            return Failure(new ServerException(40571, "Location40571", "OP_MSG requests require a $db argument"), []);
        }

        var name = command.GetElement(0).Name;
        if (!CommandTable.All.TryGetValue(name, out var definition))
        {
            return Failure(new ServerException(59, "CommandNotFound", $"no such command: '{name}'"), []);
        }

        var context = new CommandContext(server, connection, command);
        var fail = server.FailPoints.Match(definition.Name, connection);
        if (fail is not null)
        {
            server.FailPoints.Block(fail);
            if (fail.GetValue("closeConnection", false).ToBoolean())
            {
                return null;
            }
        }

        lock (server.Store.Gate)
        {
            return Decorate(Run(context, definition, fail));
        }
    }

    private BsonDocument Run(CommandContext context, CommandDefinition definition, BsonDocument? fail)
    {
        var labels = (fail?.GetValue("errorLabels", BsonNull.Value) as BsonArray)?.Select(label => label.AsString).ToArray();
        try
        {
            if (fail is not null && fail.TryGetValue("errorCode", out var code))
            {
                throw new ServerException(code.ToInt32(), ErrorNames.Of(code.ToInt32()), "Failing command via 'failCommand' failpoint");
            }

            var answer = Checked(context, definition);
            if (answer.Contains("ok"))
            {
                return answer;
            }

            answer["ok"] = 1.0;
            AddWriteConcernError(context, definition, answer, fail?.GetValue("writeConcernError", BsonNull.Value) as BsonDocument, labels);
            return answer;
        }
        catch (ServerException exception)
        {
            var own = exception.Labels.Concat(ErrorLabels.For(context, definition, exception.Code, 0)).Distinct();
            return Failure(exception, labels ?? own);
        }
        catch (Exception exception) when (exception is InvalidCastException or FormatException or OverflowException)
        {
            // A value of another type than the command wants, where nobody has looked before.
            return Failure(ServerErrors.TypeMismatch($"{context.Name}: {exception.Message}"), []);
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine($"{context.Name} failed: {exception}");
            return Failure(new ServerException(1, "InternalError", $"The development double failed: {exception.Message}"), []);
        }
    }

    private BsonDocument Checked(CommandContext context, CommandDefinition definition)
    {
        Authorization.Check(context, definition);
        if (definition.Has(CommandTraits.AdminOnly) && context.Database != "admin")
        {
            throw ServerErrors.Unauthorized($"{definition.Name} may only be run against the admin database.");
        }

        if (!definition.Has(CommandTraits.AnyFields)
            && context.Command.Names.Skip(1).FirstOrDefault(field => !GenericFields.Contains(field) && !definition.Knows(field)) is { } unknown)
        {
            throw ServerErrors.UnknownField(definition.Name, unknown);
        }

        if (!server.ReplicaSet.IsPrimary)
        {
            RequireMember(context, definition);
        }

        Concerns.CheckRead(context);
        return _rules.Execute(context, definition);
    }

    private void RequireMember(CommandContext context, CommandDefinition definition)
    {
        if (definition.Has(CommandTraits.Write) || definition.Has(CommandTraits.EndsTransaction) || context.Command.Contains("autocommit"))
        {
            throw ServerErrors.NotWritablePrimary();
        }

        if (definition.Has(CommandTraits.Read))
        {
            var preference = context.Command.GetValue("$readPreference", BsonNull.Value) is BsonDocument document
                ? document.GetValue("mode", "primary").AsString
                : "primary";
            if (!server.ReplicaSet.IsSecondary)
            {
                throw new ServerException(13436, "NotPrimaryOrSecondary", "node is not in primary or recovering state");
            }

            if (preference == "primary")
            {
                throw new ServerException(13435, "NotPrimaryNoSecondaryOk", "not primary and secondaryOk=false");
            }
        }
    }

    private static void AddWriteConcernError(
        CommandContext context, CommandDefinition definition, BsonDocument answer, BsonDocument? made, string[]? labels)
    {
        var writes = definition.Has(CommandTraits.Write) || definition.Has(CommandTraits.EndsTransaction);
        var error = made ?? (writes ? Concerns.WriteError(context) : null);
        if (error is null)
        {
            return;
        }

        answer["writeConcernError"] = error;
        var all = labels ?? [.. ErrorLabels.For(context, definition, 0, error.GetValue("code", 0).ToInt32())];
        if (all.Length > 0)
        {
            answer["errorLabels"] = new BsonArray(all);
        }
    }

    private static BsonDocument Failure(ServerException exception, IEnumerable<string> labels)
    {
        var answer = new BsonDocument
        {
            { "ok", 0.0 }, { "errmsg", exception.Message }, { "code", exception.Code }, { "codeName", exception.CodeName },
        };
        answer.Merge(exception.Details);
        var all = new BsonArray(labels);
        if (all.Count > 0)
        {
            answer["errorLabels"] = all;
        }

        return answer;
    }

    private BsonDocument Decorate(BsonDocument answer)
    {
        if (server.ReplicaSet is { IsEnabled: true, Config: not null })
        {
            var time = new BsonTimestamp(unchecked((long)server.Store.LastCommit));
            answer["$clusterTime"] = new BsonDocument
            {
                { "clusterTime", time },
                { "signature", new BsonDocument { { "hash", new BsonBinaryData(new byte[20]) }, { "keyId", 0L } } },
            };
            answer["operationTime"] = time;
        }

        return answer;
    }
}

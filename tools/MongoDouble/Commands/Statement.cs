using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>Checks and steps that several write commands share.</summary>
internal static class Statement
{
    // What the server allows a command to be larger than a document.
    private const int MostOverhead = 16 * 1024;

    /// <summary>A document as it is stored: <c>_id</c> first, made if it is missing.</summary>
    /// <exception cref="ServerException">The document is refused.</exception>
    public static BsonDocument Prepared(CommandContext context, BsonDocument document)
    {
        var bytes = BsonSize.Of(document);
        if (bytes > BsonSize.MaxDocumentBytes + MostOverhead)
        {
            throw new ServerException(
                10334,
                "BSONObjectTooLarge",
                $"BSONObj size: {bytes} (0x{bytes:X}) is invalid. Size must be between 0 and {BsonSize.MaxDocumentBytes + MostOverhead}(16MB)");
        }

        if (bytes > BsonSize.MaxDocumentBytes)
        {
            throw ServerErrors.BadValue($"object to insert too large. size in bytes: {bytes}, max size: {BsonSize.MaxDocumentBytes}");
        }

        CheckId(document.GetValue("_id", 0));
        var prepared = new BsonDocument { { "_id", document.TryGetValue("_id", out var id) ? id : ObjectId.GenerateNewId() } };
        foreach (var element in document)
        {
            if (element.Name != "_id")
            {
                prepared[element.Name] = element.Value is BsonTimestamp { Value: 0 } ? context.Evaluation.Timestamp : element.Value;
            }
        }

        return prepared;
    }

    public static void CheckId(BsonValue id)
    {
        if (id is BsonArray or BsonRegularExpression or BsonUndefined)
        {
            throw new ServerException(53, "InvalidIdField", $"The '_id' value cannot be of type {ServerErrors.TypeName(id.BsonType)}");
        }
    }

    /// <exception cref="ServerException">The collection's validator refuses the document.</exception>
    public static void Validate(CommandContext context, Collection collection, BsonDocument? before, BsonDocument after)
    {
        if (collection is not { Validator: { } validator, RefusesInvalid: true } || context.Flag("bypassDocumentValidation")
            || validator.Violation(after, context.Evaluation) is not { } details
            || (collection.IsModerate && before is not null && validator.Violation(before, context.Evaluation) is not null))
        {
            return;
        }

        throw new ServerException(121, "DocumentValidationFailure", "Document failed validation")
        {
            Details = new BsonDocument("errInfo", new BsonDocument { { "failingDocumentId", after["_id"] }, { "details", details } }),
        };
    }

    /// <summary>Changes a document as an update says.</summary>
    /// <returns>The document as it is now, and whether it has changed.</returns>
    /// <exception cref="ServerException">The update is refused.</exception>
    public static (BsonDocument After, bool Changed) Update(
        CommandContext context, StorageTransaction transaction, Collection collection, Record record, BsonDocument before, UpdateProgram program)
    {
        var after = program.Apply(before, inserting: false, context.Evaluation);
        if (!after.TryGetValue("_id", out var id) || !id.Equals(before["_id"]))
        {
            throw new ServerException(
                66,
                "ImmutableField",
                program.IsReplacement
                    ? $"After applying the update, the (immutable) field '_id' was found to have been altered to _id: {id}"
                    : "Performing an update on the path '_id' would modify the immutable field '_id'");
        }

        if (after.Equals(before))
        {
            return (before, false);
        }

        var bytes = BsonSize.Of(after);
        if (bytes > BsonSize.MaxDocumentBytes)
        {
            throw new ServerException(17419, "Location17419", $"Resulting document after update is larger than {BsonSize.MaxDocumentBytes}");
        }

        Validate(context, collection, before, after);
        context.Store.Write(transaction, collection, record, before, after, program.IsReplacement ? ChangeKind.Replace : ChangeKind.Update);
        return (after, true);
    }

    /// <summary>Inserts what an update with <c>upsert</c> found nothing for.</summary>
    public static BsonDocument Upsert(
        CommandContext context, StorageTransaction transaction, string collectionName, BsonDocument filter, UpdateProgram program)
    {
        var document = Prepared(context, program.Apply(UpdateProgram.FromUpsertFilter(filter), inserting: true, context.Evaluation));
        var collection = context.Store.Ensure(transaction, context.Database, collectionName);
        Validate(context, collection, null, document);
        context.Store.Insert(transaction, collection, document);
        return document;
    }

    public static void CheckCollation(BsonDocument given, string path)
    {
        if (given.TryGetValue("collation", out var collation) && collation is BsonDocument { ElementCount: > 0 } document
            && document.GetValue("locale", "") != "simple")
        {
            throw new ServerException(238, "NotImplemented", $"{path}.collation: the development double compares bytes alone");
        }
    }

    public static void RefuseConstants(BsonDocument update)
    {
        if (update.TryGetValue("c", out var constants) && constants is BsonDocument { ElementCount: > 0 })
        {
            throw new ServerException(238, "NotImplemented", "update.updates.c is not supported by the development double");
        }
    }

    /// <summary>Refuses an option that the double does not have.</summary>
    public static void Refuse(CommandContext context, params string[] fields)
    {
        foreach (var field in fields)
        {
            if (context.Command.TryGetValue(field, out var value) && value != BsonBoolean.False && !value.IsBsonNull
                && value is not BsonDocument { ElementCount: 0 })
            {
                throw new ServerException(238, "NotImplemented", $"{context.Name}.{field} is not supported by the development double");
            }
        }
    }

    public static int Number(CommandContext context, int index) =>
        context.Array("stmtIds") is { } all && index < all.Count ? all[index].ToInt32() : (int)(context.Number("stmtId") ?? 0) + index;
}

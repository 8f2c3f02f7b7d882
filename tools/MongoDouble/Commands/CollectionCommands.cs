using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>create, drop, collMod and dropDatabase.</summary>
internal static class CollectionCommands
{
    private const string Validation = "validator validationLevel validationAction";

    public static CommandDefinition[] All { get; } =
    [
        new(
            "create",
            CommandTraits.Write | CommandTraits.InTransaction,
            Validation + " capped size max collation autoIndexId idIndex changeStreamPreAndPostImages timeseries expireAfterSeconds clusteredIndex "
            + "viewOn pipeline storageEngine indexOptionDefaults encryptedFields",
            Create)
        {
            Action = "createCollection",
        },
        new("drop", CommandTraits.Write, "", Drop) { Action = "dropCollection" },
        new("dropDatabase", CommandTraits.Write, "", DropDatabase) { Action = "dropDatabase" },
        new("collMod", CommandTraits.Write, Validation + " index changeStreamPreAndPostImages", Modify) { Action = "collMod" },
    ];

    private static BsonDocument Create(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.Refuse(
            context,
            "capped",
            "timeseries",
            "clusteredIndex",
            "viewOn",
            "pipeline",
            "encryptedFields",
            "expireAfterSeconds",
            "changeStreamPreAndPostImages");
        Statement.CheckCollation(context.Command, "create");
        if (name.Contains('$', StringComparison.Ordinal))
        {
            throw ServerErrors.InvalidNamespace($"Invalid collection name: {name}");
        }

        var options = Options(context, []);
        context.Define(transaction =>
        {
            if (context.Store.Find(transaction, context.Database, name) is { } existing)
            {
                if (Without(existing.Options, "uuid").Equals(options))
                {
                    return;
                }

                throw new ServerException(48, "NamespaceExists", $"Collection {existing.Namespace} already exists.");
            }

            context.Store.Create(transaction, context.Database, name, options);
        });
        return [];
    }

    private static BsonDocument Options(CommandContext context, BsonDocument before)
    {
        var options = new BsonDocument(before);
        if (context.Document("validator") is { } validator)
        {
            Language.SchemaValidator.Parse(validator);
            options["validator"] = validator;
        }

        Enumerated("validationLevel", "off", "strict", "moderate");
        Enumerated("validationAction", "error", "warn");
        return options;

        void Enumerated(string field, params string[] values)
        {
            if (context.Text(field) is not { } value)
            {
                return;
            }

            options[field] = values.Contains(value)
                ? value
                : throw ServerErrors.BadValue($"Enumeration value '{value}' for field '{context.Name}.{field}' is not a valid value.");
        }
    }

    private static BsonDocument Drop(CommandContext context)
    {
        var name = context.CollectionName();
        var answer = new BsonDocument();
        context.Define(transaction =>
        {
            answer.Clear();
            if (context.Store.Find(transaction, context.Database, name) is { } collection)
            {
                answer["nIndexesWas"] = collection.Indexes.Count;
                answer["ns"] = collection.Namespace;
                context.Store.Drop(transaction, collection);
            }
        });
        return answer;
    }

    private static BsonDocument DropDatabase(CommandContext context)
    {
        context.Define(transaction => context.Store.DropDatabase(transaction, context.Database));
        return new BsonDocument("dropped", context.Database);
    }

    private static BsonDocument Modify(CommandContext context)
    {
        var name = context.CollectionName();
        Statement.Refuse(context, "changeStreamPreAndPostImages");
        context.Define(transaction =>
        {
            var collection = context.Store.Find(transaction, context.Database, name)
                ?? throw ServerErrors.NamespaceNotFound($"ns does not exist: {context.Database}.{name}");
            if (context.Document("index") is { } index)
            {
                IndexCommands.ChangeExpiry(context, transaction, collection, index);
            }

            var options = Options(context, collection.Options);
            if (!options.Equals(collection.Options))
            {
                context.Store.Modify(transaction, collection, options);
            }
        });
        return [];
    }

    public static BsonDocument Without(BsonDocument document, string field) => new(document.Elements.Where(element => element.Name != field));
}

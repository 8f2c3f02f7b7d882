using MongoDB.Bson;
using Relaybox.MongoDouble.Wire;

namespace Relaybox.MongoDouble.Commands;

/// <summary><c>configureFailPoint</c>: the fail point failCommand, with which tests make commands fail.</summary>
internal sealed class FailPoints(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private BsonDocument? _data;
    private long _times;
    private long _skip;
    private long _entered;

    public BsonDocument Configure(BsonDocument command)
    {
        if (command[0] != "failCommand")
        {
            throw new ServerException(64, "FailPointSetFailed", $"{command[0]} not found");
        }

        lock (_lock)
        {
            var entered = _entered;
            (_data, _times, _skip) = (command.GetValue("data", new BsonDocument()).AsBsonDocument, long.MaxValue, 0);
            switch (command.GetValue("mode", BsonNull.Value))
            {
                case BsonString { Value: "off" }:
                    _data = null;
                    break;
                case BsonString { Value: "alwaysOn" }:
                    break;
                case BsonDocument mode when mode.TryGetValue("times", out var times):
                    _times = times.ToInt64();
                    break;
                case BsonDocument mode when mode.TryGetValue("skip", out var skip):
                    _skip = skip.ToInt64();
                    break;
                default:
                    throw ServerErrors.BadValue("mode has to be off, alwaysOn, {times: n} or {skip: n}");
            }

            if (_data is not null)
            {
                Check(_data);
            }

            return new BsonDocument { { "count", entered } };
        }
    }

    /// <summary>What shall happen to a command; null: nothing.</summary>
    public BsonDocument? Match(string command, WireConnection connection)
    {
        lock (_lock)
        {
            if (_data is null || command == "configureFailPoint" || !_data["failCommands"].AsBsonArray.Contains(command)
                || (_data.TryGetValue("appName", out var name) && name.AsString != connection.AppName))
            {
                return null;
            }

            if (_skip > 0)
            {
                _skip--;
                return null;
            }

            var data = _data;
            _entered++;
            if (--_times <= 0)
            {
                _data = null;
            }

            return data;
        }
    }

    /// <summary>Lets the command wait, if that is wanted.</summary>
    public void Block(BsonDocument data)
    {
        if (data.GetValue("blockConnection", false).ToBoolean())
        {
            Task.Delay(TimeSpan.FromMilliseconds(data["blockTimeMS"].ToDouble()), clock).Wait();
        }
    }

    private static void Check(BsonDocument data)
    {
        string[] known =
        [
            "failCommands", "errorCode", "errorLabels", "writeConcernError", "closeConnection", "blockConnection", "blockTimeMS", "appName",
            "failInternalCommands",
        ];
        if (data.Names.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw ServerErrors.BadValue($"The fail point's data has an unknown field '{unknown}'");
        }

        if (data.GetValue("failCommands", BsonNull.Value) is not BsonArray)
        {
            throw ServerErrors.BadValue("The fail point failCommand needs failCommands, an array");
        }
    }
}

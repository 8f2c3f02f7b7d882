namespace Relaybox.MongoDouble.Commands;

/// <summary>The names of error numbers, for errors that a fail point makes up.</summary>
internal static class ErrorNames
{
    private static readonly Dictionary<int, string> Names = new()
    {
        [1] = "InternalError", [2] = "BadValue", [6] = "HostUnreachable", [7] = "HostNotFound", [8] = "UnknownError", [9] = "FailedToParse",
        [11] = "UserNotFound", [13] = "Unauthorized", [14] = "TypeMismatch", [18] = "AuthenticationFailed", [20] = "IllegalOperation",
        [24] = "LockTimeout", [26] = "NamespaceNotFound", [27] = "IndexNotFound", [43] = "CursorNotFound", [46] = "LockBusy",
        [48] = "NamespaceExists", [50] = "MaxTimeMSExpired", [59] = "CommandNotFound", [61] = "ShardKeyNotFound", [63] = "StaleShardVersion",
        [64] = "WriteConcernFailed", [66] = "ImmutableField", [67] = "CannotCreateIndex", [72] = "InvalidOptions", [73] = "InvalidNamespace",
        [79] = "UnknownReplWriteConcern", [85] = "IndexOptionsConflict", [86] = "IndexKeySpecsConflict", [89] = "NetworkTimeout",
        [91] = "ShutdownInProgress", [96] = "OperationFailed", [100] = "UnsatisfiableWriteConcern", [112] = "WriteConflict",
        [115] = "CommandNotSupported", [117] = "ConflictingOperationInProgress", [121] = "DocumentValidationFailure",
        [133] = "FailedToSatisfyReadPreference", [134] = "ReadConcernMajorityNotAvailableYet", [136] = "CappedPositionLost",
        [146] = "ExceededMemoryLimit", [150] = "StaleEpoch", [175] = "QueryPlanKilled", [189] = "PrimarySteppedDown",
        [202] = "NetworkInterfaceExceededTimeLimit", [211] = "KeyNotFound", [225] = "TransactionTooOld", [234] = "RetryChangeStream",
        [237] = "CursorKilled", [238] = "NotImplemented", [239] = "SnapshotTooOld", [244] = "TransactionAborted",
        [246] = "SnapshotUnavailable", [251] = "NoSuchTransaction", [256] = "TransactionCommitted", [257] = "TransactionTooLarge",
        [262] = "ExceededTimeLimit", [263] = "OperationNotSupportedInTransaction", [267] = "PreparedTransactionInProgress",
        [280] = "ChangeStreamFatalError", [286] = "ChangeStreamHistoryLost", [290] = "TransactionExceededLifetimeLimitSeconds",
        [317] = "ConnectionPoolExpired", [358] = "InternalTransactionNotSupported", [391] = "ReauthenticationRequired",
        [9001] = "SocketException", [10003] = "CannotGrowDocumentInCappedNamespace", [10107] = "NotWritablePrimary",
        [10334] = "BSONObjectTooLarge", [11000] = "DuplicateKey", [11600] = "InterruptedAtShutdown", [11601] = "Interrupted",
        [11602] = "InterruptedDueToReplStateChange", [13388] = "StaleConfig", [13435] = "NotPrimaryNoSecondaryOk",
        [13436] = "NotPrimaryOrSecondary",
    };

    public static string Of(int code) => Names.GetValueOrDefault(code, $"Location{code}");
}

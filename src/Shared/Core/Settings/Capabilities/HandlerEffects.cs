namespace Relaybox.Settings;

/// <summary>What a handler can do in the transaction of its inbox mark.</summary>
internal enum HandlerEffects
{
    /// <summary>It enlists writes, which are made when it returns.</summary>
    Enlisted,

    /// <summary>It also executes statements in the open transaction, and sees what they return.</summary>
    Statements,
}

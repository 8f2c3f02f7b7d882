namespace Relaybox.Settings;

/// <summary>A store whose tables Setup makes.</summary>
internal interface ISetupState
{
    /// <summary>Whether a call failed because Setup has never run. One that ran for an earlier version is another matter.</summary>
    /// <param name="failure">What the call threw.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<bool> IsMissingAsync(Exception failure, CancellationToken cancellationToken);
}

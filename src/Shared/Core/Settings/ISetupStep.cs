namespace Relaybox.Settings;

/// <summary>Something that has to be made, or checked, before the other functions can work.</summary>
internal interface ISetupStep
{
    /// <summary>Makes what is missing; doing it again does nothing.</summary>
    /// <returns>How many things were made or changed.</returns>
    Task<int> RunAsync(CancellationToken cancellationToken);
}

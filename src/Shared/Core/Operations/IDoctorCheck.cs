namespace Relaybox.Operations;

/// <summary>Looks at one thing that can be wrong with a system. It changes nothing.</summary>
internal interface IDoctorCheck
{
    /// <summary>What the ids of its findings begin with.</summary>
    string Name { get; }

    /// <summary>What is said where it finds nothing.</summary>
    string Passed { get; }

    /// <summary>Looks.</summary>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>What is not as it has to be, or could not be looked at.</returns>
    Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken);
}

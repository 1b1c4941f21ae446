"""Given names, family names and job titles of the people in the simulated book."""

from app.demo.words import words

GIVEN = words(
    "Aaliyah Adam Agnes Aiko Alejandro Alice Amara Amir Ana Anders Anika Antoine Aria Astrid Beatriz Ben Bianca Bjorn "
    "Camille Carlos Chen Chiara Chloe Clara Daan Daniel Darius David Deepa Diego Edith Elena Elias Emma Eric Esther "
    "Eva Fatima Felix Fiona Florian Freya Gabriel Grace Greta Hana Hannah Hassan Hugo Ibrahim Ines Ingrid Isaac Ivan "
    "Jan Jasmin Jia Joao Johanna Jonas Julia Kai Karim Katarina Kenji Kofi Lars Laura Leila Lena Leo Lina Lucas Lucy "
    "Maja Marco Maria Marta Matteo Maya Mei Mina Mira Mohamed Nadia Naomi Nia Nils Noah Nora Olga Oliver Omar Oscar "
    "Paula Pedro Petra Priya Rafael Rahul Rania Rebecca Rosa Ruth Samir Sanne Sara Sofia Stefan Suki Tara Theo Thomas "
    "Tom Uma Valentina Vera Viktor Wei Yara Yusuf Zoe"
)

FAMILY = words(
    "Abbott Adeyemi Aguilar Ahmed Almeida Andersen Arora Bakker Banerjee Barros Becker Bennett Berg Bianchi Boateng "
    "Bouchard Brandt Calder Campos Castillo Chan Chandra Chowdhury Clarke Costa Dahl Danso Delgado Dias Dubois Duarte "
    "Eriksen Farah Ferrari Fischer Fontaine Fraser Fujita Galvez Garnier Ghosh Gomes Haddad Hakim Hansen Hartmann "
    "Hayashi Hoffmann Horvat Hughes Ito Ivanova Jansen Jensen Joshi Kapoor Karlsson Kaya Keller Khan Kim Klein "
    "Kowalski Kumar Lambert Larsen Laurent Leclerc Li Lindgren Lopes Maier Malik Marino Martel Mbeki Mehta Meyer "
    "Moreau Morris Mwangi Nakamura Navarro Nguyen Nielsen Novak Obi Okafor Olsen Ortega Osei Park Patel Pereira "
    "Petrov Quinn Rahman Ramos Rao Reyes Ricci Rossi Sato Schmidt Sharma Silva Singh Sorensen Stewart Suarez Suzuki "
    "Takeda Tan Torres Vargas Vogel Wagner Walsh Wang Weber Wong Yamada Yilmaz Zhang Zimmer"
)

ROLES = ("champion", "sponsor", "admin", "user")
TITLES = {
    "champion": ("Head of Operations", "Operations Manager", "Programme Lead", "Product Manager", "Team Lead"),
    "sponsor": ("Chief Operating Officer", "Finance Director", "VP Operations", "Managing Director", "CIO"),
    "admin": ("Systems Administrator", "IT Manager", "Business Systems Analyst", "Tools Lead"),
    "user": ("Analyst", "Coordinator", "Specialist", "Account Manager", "Planner", "Consultant"),
}
